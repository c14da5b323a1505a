/** `portico start`: the app's node build in, its production server until stopped out. */
import { resolveEnv } from "../../config/env.ts";
import { loadApp } from "../../config/load.ts";
import { startApp } from "../../node/start.ts";
import type { CommandInput } from "../command.ts";
import { appFlags, portFlag, textFlag } from "../flags.ts";

/** Production semantics: no error detail, no made secrets. */
export async function start(input: CommandInput): Promise<number> {
  const { reporter } = input;
  const app = await loadApp(appFlags(input, "start"));
  const { env, undeclared } = await resolveEnv(app, { files: true, makeSecrets: false, processEnv: process.env });
  for (const name of undeclared)
    reporter.warn(`${name} is in an .env file, but not under "env" or "secrets" in hosting.json, so no function sees it`);
  const stopped = input.untilStopped();
  const server = await startApp({ folder: app.root, port: portFlag(input, 3000), host: textFlag(input, "host") ?? "127.0.0.1", env });
  reporter.result(`${reporter.paint("bold", server.url)}  ${app.name} in production on Node; Ctrl-C ends it`, {
    type: "listening",
    url: server.url,
  });
  await stopped;
  await server.close();
  return 0;
}
