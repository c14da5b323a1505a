/** Starts workerd through miniflare; the option shape of its version 4 is known only here, in -storage and -version. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { MiniflareOptions } from "miniflare";
import { UserError } from "../../model/user-error.ts";
import { bindingOptions, bindingWorkers, type WorkerBindings } from "./worker-bindings.ts";

/** A line that a worker printed. */
export interface WorkerdLine {
  readonly level: string;
  readonly message: string;
}

/** The Worker to run. */
export interface HostOptions {
  /** The main module first: paths and texts. */
  readonly modules: readonly { readonly path: string; readonly contents: string }[];
  /** YYYY-MM-DD. */
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly bindings?: WorkerBindings;
  /** Gives any other imported module, as workerd's fallback service takes it; undefined where there is none. */
  readonly fallback: (specifier: string) => Promise<object | undefined>;
  readonly onLine: (line: WorkerdLine) => void;
}

/** A running workerd. */
export interface Host {
  /** Its own socket on 127.0.0.1, not miniflare's entry worker, which rewrites paths. */
  readonly port: number;
  close(): Promise<void>;
}

/** Resolves the miniflare package, an optional peer dependency. Throws UserError MINIFLARE_MISSING. */
function findMiniflare(): string {
  const { resolve } = createRequire(import.meta.url);
  const folders = resolve.paths("miniflare") ?? [];
  // Node keeps for good that a package.json was not there: resolving it too early would outlast the install.
  if (!folders.some((folder) => existsSync(join(folder, "miniflare/package.json")))) throw missing();
  try {
    return resolve("miniflare");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw cause;
    throw missing(cause);
  }
}

/** Throws UserError MINIFLARE_MISSING. */
export const requireMiniflare = (): void => void findMiniflare();

const missing = (cause?: unknown): UserError =>
  new UserError(
    "MINIFLARE_MISSING",
    "running the workers target locally needs the package miniflare",
    "Run npm install --save-dev --save-exact miniflare@4.20260730.0",
    cause === undefined ? {} : { cause },
  );

/**
 * The newest compatibility date that the installed workerd supports, YYYY-MM-DD. Throws UserError MINIFLARE_MISSING.
 */
export function newestCompatibilityDate(): string {
  const workerd = createRequire(findMiniflare())("workerd") as { readonly compatibilityDate: string };
  return workerd.compatibilityDate;
}

/** Removes miniflare's signal handlers, which end the process; our own shutdown has its order and exit code. */
export function withoutSignalHandlers<T>(make: () => T): T {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const before = signals.map((signal) => process.listeners(signal));
  const made = make();
  for (const [index, signal] of signals.entries()) {
    for (const listener of process.listeners(signal))
      if (!before[index]!.includes(listener)) process.removeListener(signal, listener);
  }
  return made;
}

/** Loads the package, which apps install only for the workers target. Throws UserError MINIFLARE_MISSING. */
export async function loadMiniflare(): Promise<typeof import("miniflare")> {
  findMiniflare();
  return import("miniflare");
}

/** Printed by workerd when the fallback service has no such module; the failed import is reported anyway. */
const fallbackMiss = "Fallback service failed to fetch module";

/** Starts workerd with the host Worker and waits until it accepts requests. */
export async function startHost({
  modules,
  compatibilityDate,
  compatibilityFlags,
  bindings,
  fallback,
  onLine,
}: HostOptions): Promise<Host> {
  const { Response } = await import("miniflare");
  const serveModule = async (request: { readonly url: string }): Promise<unknown> => {
    const found = await fallback(new URL(request.url).searchParams.get("specifier") ?? "");
    return found ? new Response(JSON.stringify(found)) : new Response(null, { status: 404 });
  };
  const host = {
    modules: modules.map(({ path, contents }) => ({ type: "ESModule", path, contents })),
    compatibilityDate,
    compatibilityFlags: [...compatibilityFlags],
    unsafeUseModuleFallbackService: true,
    ...(bindings && bindingOptions(bindings)),
  };
  const beside = bindings
    ? await bindingWorkers(bindings, (text = "", status = 200) => new Response(text, { status }))
    : [];
  const print = (line: WorkerdLine): void => {
    if (!line.message.startsWith(fallbackMiss)) onLine(line);
  };
  return startWorkers(host, beside, { unsafeModuleFallbackService: serveModule }, print);
}

/** The Worker that starts uploaded code to check it. */
export interface LoaderOptions {
  readonly script: string;
  readonly token: string;
  /** Responds to the Worker's calls of `env.SOURCE`: the JSON text at a path. */
  readonly source: (path: string) => Promise<string>;
}

/** Starts workerd with a Worker that loads code into separate isolates. */
export async function startLoader({ script, token, source }: LoaderOptions): Promise<Host> {
  const { Response } = await import("miniflare");
  const host = {
    modules: [{ type: "ESModule", path: "host.mjs", contents: script }],
    compatibilityDate: "2026-07-01",
    compatibilityFlags: ["experimental", "nodejs_compat"],
    bindings: { TOKEN: token },
    serviceBindings: {
      SOURCE: async (request: { url: string }) => new Response(await source(new URL(request.url).pathname)),
    },
    workerLoaders: { LOADER: {} },
  };
  // What code prints during the check is printed again when it runs.
  return startWorkers(host, [], {}, () => undefined);
}

/** Starts one module in a workerd that reaches no network. */
export function startIsolated(
  script: string,
  compatibility: { readonly compatibilityDate: string; readonly compatibilityFlags: readonly string[] },
): Promise<Host> {
  const host = {
    modules: [{ type: "ESModule", path: "index.mjs", contents: script }],
    ...compatibility,
    // No address is allowed.
    outboundService: { network: { allow: [] } },
  };
  return startWorkers(host, [], {}, () => undefined);
}

async function startWorkers(
  host: object,
  beside: readonly object[],
  shared: object,
  onLine: (line: WorkerdLine) => void,
): Promise<Host> {
  const { Log, LogLevel, Miniflare } = await import("miniflare");
  const options = {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.NONE),
    handleStructuredLogs: ({ level, message }: WorkerdLine) => {
      onLine({ level, message });
    },
    ...shared,
    workers: [{ name: "host", ...host, unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] }, ...beside],
  };
  const miniflare = withoutSignalHandlers(() => new Miniflare(options as MiniflareOptions));
  try {
    await miniflare.ready;
    const url = await miniflare.unsafeGetDirectURL("host");
    return { port: Number(url.port), close: () => miniflare.dispose() };
  } catch (error) {
    // Otherwise the failed start keeps the process alive.
    await miniflare.dispose();
    throw error;
  }
}
