/** The runtime `node`: the production server on Node, started as by `portico start`. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { installLazyResponse } from "../../../framework/http/lazy-response.ts";
import { startApp } from "../../../framework/node/built-app.ts";
import { build } from "../app-build.ts";
import { send } from "../raw-client.ts";
import type { Runtime } from "../runtime.ts";

/** The runtime. */
export const node: Runtime = {
  name: "node",
  async start(subject) {
    const { app, env, folder } = subject;
    // The build stays out of the checkout, so its folder stands in for the app's.
    await build({ ...subject, folder: join(folder, ".portico", "build") }, "node");
    await symlink(join(app.root, "functions"), join(folder, "functions"));
    installLazyResponse();
    const { url, close } = await startApp({ folder, env, data: join(folder, "data"), port: 0, onError: () => {} });
    return { origin: url, send: (ask) => send(url, ask), close };
  },
};
