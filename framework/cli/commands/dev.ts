/** `portico dev [dir]`: a folder in, the app served as its target's cloud would until Ctrl-C; every change is live at once. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadApp } from "../../config/load.ts";
import { startWatchdog } from "../../local/watchdog.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { createEmulator } from "../dev-emulator.ts";
import { appFlags } from "../flags.ts";

/** Serves until stopped. A folder without functions/ is served as static files. */
export async function dev(input: CommandInput): Promise<number> {
  const root = resolve(input.cwd, (input.args[0] as string | undefined) ?? ".");
  if (!existsSync(root)) throw new UserError("NO_FOLDER", `there is no folder ${root}`, "give the folder of an app, or of static files");
  const watchdog = startWatchdog();
  const stopped = input.untilStopped();
  const close = existsSync(join(root, "functions")) ? await begin({ ...input, cwd: root }) : await serveStatic(input, root);
  await stopped;
  await close();
  await watchdog.close();
  return 0;
}

/** What is slowest to start goes first: the processes of the target's emulation, while the rest of the command line is still loaded. */
async function begin(input: CommandInput): Promise<() => Promise<void>> {
  const app = await loadApp(appFlags(input, "dev"));
  const early = app.targets[0] === "node" ? undefined : await createEmulator(input, app);
  try {
    const { serveApp } = await import("../dev-server.ts");
    return await serveApp(input, app, early);
  } catch (error) {
    await early?.close();
    throw error;
  }
}

const serveStatic = async (input: CommandInput, root: string): Promise<() => Promise<void>> =>
  (await import("../dev-server.ts")).serveFolder(input, root);
