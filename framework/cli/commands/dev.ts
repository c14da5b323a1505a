/** `portico dev [dir]`: a folder in, the app served as its target's cloud would until Ctrl-C; every change is live at once. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadApp } from "../../config/load.ts";
import type { Emulator } from "../../local/emulator.ts";
import { UserError } from "../../model/user-error.ts";
import { type Ahead, beginAhead, beginEsbuild } from "../ahead.ts";
import type { CommandInput } from "../command.ts";
import type { createEmulator } from "../dev-emulator.ts";
import { appFlags, textFlag } from "../flags.ts";

/** Serves until stopped. A folder without functions/ is served as static files. */
export async function dev(input: CommandInput): Promise<number> {
  const root = resolve(input.cwd, (input.args[0] as string | undefined) ?? ".");
  if (!existsSync(root)) throw new UserError("NO_FOLDER", `there is no folder ${root}`, "give the folder of an app, or of static files");
  const ahead = input.ahead ?? (await beginAhead(["--target", textFlag(input, "target") ?? "lambda"], root));
  const stopped = input.untilStopped();
  const close = existsSync(join(root, "functions")) ? await begin({ ...input, cwd: root }, ahead) : await serveStatic(input, root, ahead);
  await stopped;
  await close();
  await ahead.standby?.close();
  await ahead.watchdog.close();
  return 0;
}

/**
 * What takes longest goes first: processes, while the rest of the command line is still loaded, and the first build, while the server comes
 * up (docs/decisions/036).
 */
async function begin(input: CommandInput, { standby, esbuild }: Ahead): Promise<() => Promise<void>> {
  let emulator: Emulator | undefined;
  try {
    const app = await loadApp(appFlags(input, "dev"));
    const [target] = app.targets;
    if (target !== "lambda") await standby?.close();
    if (target === "workers") {
      emulator = await makeEmulator(input, app);
      if (!esbuild) await beginEsbuild();
    }
    const { openDevSession } = await import("../dev-session.ts");
    const opened = await openDevSession(input, app);
    await turn();
    emulator ??= await makeEmulator(input, app, standby);
    await turn();
    const { serveApp } = await import("../dev-server.ts");
    await turn();
    return await serveApp(input, opened, emulator);
  } catch (error) {
    await Promise.all([emulator?.close(), standby?.close()]);
    throw error;
  }
}

/** esbuild asks questions while it links the first route; between the things that are loaded they are answered. */
const turn = (): Promise<void> => new Promise((next) => setImmediate(next));

const makeEmulator: typeof createEmulator = async (...given) => (await import("../dev-emulator.ts")).createEmulator(...given);

/** Files need none of the processes that were begun for an app, as where another folder's was taken for the one that is served. */
async function serveStatic(input: CommandInput, root: string, { standby, esbuild }: Ahead): Promise<() => Promise<void>> {
  await standby?.close();
  if (esbuild) await (await import("esbuild")).stop();
  return (await import("../dev-server.ts")).serveFolder(input, root);
}
