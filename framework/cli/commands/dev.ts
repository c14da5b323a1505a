/** `portico dev`: serves the app of a folder as its target's cloud would, and reloads it on every change. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadApp } from "../../config/app-loader.ts";
import type { Emulator } from "../../emulation/emulator.ts";
import { startWatchdog } from "../../emulation/watchdog.ts";
import type { App } from "../../model/app.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import type { ServerOptions } from "../../dev/dev-server.ts";
import { printEvents } from "../dev-output.ts";
import { appFlags, countFlag, portFlag, targetFlag, textFlag } from "../flags.ts";

/** Serves an app, or a folder without functions/ as static files, until stopped. */
export async function dev(input: CommandInput): Promise<number> {
  const root = resolve(input.cwd, (input.args[0] as string | undefined) ?? ".");
  if (!existsSync(root))
    throw new UserError("NO_FOLDER", `there is no folder ${root}`, "Give the folder of an app, or of static files.");
  const watchdog = startWatchdog();
  const stopped = input.untilStopped();
  const close = isApp(input, root) ? await serve({ ...input, cwd: root }) : await serveFiles(input, root);
  await stopped;
  await close();
  await watchdog.close();
  return 0;
}

/** A folder with a hosting.json is an app, since its settings must not be served as a static file. */
const isApp = (input: Pick<CommandInput, "flags">, root: string): boolean =>
  textFlag(input, "config") !== undefined || ["functions", "hosting.json"].some((name) => existsSync(join(root, name)));

type Input = Pick<CommandInput, "flags" | "reporter">;

async function serveFiles(input: Input, root: string): Promise<() => Promise<void>> {
  // --target has no effect on static files. A wrong value is still an error.
  targetFlag(input);
  return (await import("../../dev/dev-server.ts")).serveFolder(root, serverOptions(input));
}

/**
 * Starts the slowest parts first: processes and the first build run while the modules of the server load
 * (docs/decisions/036).
 */
async function serve(input: Input & Pick<CommandInput, "cwd">): Promise<() => Promise<void>> {
  let emulator: Emulator | undefined;
  try {
    const app = await loadApp(appFlags(input, "dev"));
    await requireRoutesOrAssets(app);
    const [target] = app.targets;
    if (target === "workers") emulator = await createAppEmulator(input, app);
    await startEsbuild();
    if (target === "lambda") emulator = await createAppEmulator(input, app);
    const { openDevSession } = await import("../../dev/dev-session.ts");
    const session = await openDevSession(appFlags(input, "dev"), app, printEvents(input.reporter));
    await nextTurn();
    emulator ??= await createAppEmulator(input, app);
    await nextTurn();
    const { serveApp } = await import("../../dev/dev-server.ts");
    await nextTurn();
    return await serveApp(session, emulator, serverOptions(input));
  } catch (error) {
    await emulator?.close();
    // esbuild's service would print a long message below the error if this process ended during one of its requests.
    await (await import("esbuild")).stop();
    throw error;
  }
}

/** Throws UserError NO_ROUTES, FUNCTIONS_NAME. */
async function requireRoutesOrAssets({ root, assets }: App): Promise<void> {
  if (existsSync(join(root, "functions"))) return;
  await (await import("../../routes/route-discovery.ts")).discoverRoutes(root);
  if (existsSync(join(root, assets))) return;
  throw new UserError(
    "NO_ROUTES",
    `${root} has a hosting.json, but neither functions/ nor the static files' folder ${assets}`,
    "Write functions/index.ts, or rename the folder of your routes to functions; " +
      "to serve a folder as static files, remove hosting.json.",
  );
}

/** Starts esbuild's process without waiting for it. The first build reports an error. */
async function startEsbuild(): Promise<void> {
  const { initialize } = await import("esbuild");
  initialize({}).catch(() => undefined);
}

/** Lets esbuild's requests be answered between two imports, since it sends some while it links the first route. */
const nextTurn = (): Promise<void> => new Promise((next) => setImmediate(next));

/** Throws UserError BAD_PORT. */
const serverOptions = (input: Input): ServerOptions => ({
  port: portFlag(input, 3000),
  hosts: (input.flags["host"] as readonly string[] | undefined) ?? [],
  report: printEvents(input.reporter),
});

/**
 * Throws UserError BAD_CONCURRENCY, whatever the target, and those of the bindings. The local cloud is loaded only for
 * an app with bindings.
 */
async function createAppEmulator(input: Input, app: App): Promise<Emulator> {
  const { createEmulator } = await import("../../dev/dev-emulator.ts");
  const { reporter } = input;
  return createEmulator(app, {
    platformLines: reporter.verbose,
    concurrency: countFlag(input, "concurrency", "BAD_CONCURRENCY"),
    report: printEvents(reporter),
    openBindings: async (onReplaced) => (await import("../dev-bindings.ts")).openDevBindings(app, reporter, onReplaced),
  });
}
