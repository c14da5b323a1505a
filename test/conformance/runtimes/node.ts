/** The production server on Node, started on a build as `portico start` starts it. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { installPlainResponse } from "../../../framework/node/plain-response.ts";
import { startApp } from "../../../framework/node/start.ts";
import { build } from "../build.ts";
import { send } from "../client.ts";
import type { Runtime } from "../runtime.ts";

/** The runtime. */
export const node: Runtime = {
  name: "node",
  async start(subject) {
    const { app, env, folder } = subject;
    // The build stays out of the checkout, so its folder stands in for the app's.
    await build({ ...subject, folder: join(folder, ".portico", "build") }, "node");
    await symlink(join(app.root, "functions"), join(folder, "functions"));
    installPlainResponse();
    const { url, close } = await startApp({ folder, env, port: 0, onError: () => {} });
    return { origin: url, send: (ask) => send(url, ask), close };
  },
};
