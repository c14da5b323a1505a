/** Miniflare's option shape (v4; v5 changes it) is known here and in the two files beside it: one static host worker in, a running workerd out. */
import { createRequire } from "node:module";
import { UserError } from "../../model/user-error.ts";

/** A line that a worker printed. */
export interface WorkerdLine {
  readonly level: string;
  readonly message: string;
}

/** What to run. */
export interface HostOptions {
  readonly script: string;
  /** Plain values for the host's env. */
  readonly bindings: Readonly<Record<string, string>>;
  /** Answers the host's calls to `env.SOURCE`: a path in, a JSON text out. */
  readonly source: (path: string) => Promise<string>;
  readonly onLine: (line: WorkerdLine) => void;
}

/** A running workerd. */
export interface Host {
  /** Its own socket on 127.0.0.1, not miniflare's entry worker, which rewrites paths. */
  readonly port: number;
  close(): Promise<void>;
}

/** Where the miniflare package is; it is an optional peer. Throws UserError MINIFLARE_MISSING. */
function findMiniflare(): string {
  try {
    return createRequire(import.meta.url).resolve("miniflare");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw cause;
    const fix = "npm install --save-dev --save-exact miniflare@4.20260730.0";
    throw new UserError("MINIFLARE_MISSING", "running the workers target locally needs the package miniflare", fix, { cause });
  }
}

/** The newest compatibility date that the installed workerd knows, YYYY-MM-DD. Throws UserError MINIFLARE_MISSING. */
export function newestCompatibilityDate(): string {
  const workerd = createRequire(findMiniflare())("workerd") as { readonly compatibilityDate: string };
  return workerd.compatibilityDate;
}

/** Miniflare ends the whole process at a signal; ours has its own order of ending, with its own exit code. */
export function withoutSignalHandlers<T>(make: () => T): T {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const before = signals.map((signal) => process.listeners(signal));
  const made = make();
  for (const [at, signal] of signals.entries()) {
    for (const listener of process.listeners(signal)) if (!before[at]!.includes(listener)) process.removeListener(signal, listener);
  }
  return made;
}

/** The package, which apps bring only for the workers target. Throws UserError MINIFLARE_MISSING. */
export async function loadMiniflare(): Promise<typeof import("miniflare")> {
  findMiniflare();
  return import("miniflare");
}

/** What we use of undici 7. */
interface Undici {
  readonly Pool: new (
    origin: string,
    options: Readonly<Record<string, number>>,
  ) => {
    dispatch(request: { readonly method: string; readonly path: string; readonly headers: readonly string[] }, handler: object): boolean;
    destroy(): Promise<void>;
  };
}

/** The very undici that miniflare runs on; it is loaded with it. */
export const loadUndici = (): Undici => createRequire(findMiniflare())("undici") as Undici;

/** Starts workerd with the host worker and waits until it takes requests. */
export async function startHost({ script, bindings, source, onLine }: HostOptions): Promise<Host> {
  const { Log, LogLevel, Miniflare, Response } = await import("miniflare");
  const miniflare = withoutSignalHandlers(
    () =>
      new Miniflare({
        host: "127.0.0.1",
        port: 0,
        cf: false,
        log: new Log(LogLevel.NONE),
        handleStructuredLogs: ({ level, message }: WorkerdLine) => onLine({ level, message }),
        name: "host",
        modules: [{ type: "ESModule", path: "host.mjs", contents: script }],
        compatibilityDate: "2026-07-01",
        compatibilityFlags: ["experimental", "nodejs_compat"],
        bindings: { ...bindings },
        serviceBindings: { SOURCE: async (request: { url: string }) => new Response(await source(new URL(request.url).pathname)) },
        workerLoaders: { LOADER: {} },
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      }),
  );
  await miniflare.ready;
  const url = await miniflare.unsafeGetDirectURL("host");
  return { port: Number(url.port), close: () => miniflare.dispose() };
}
