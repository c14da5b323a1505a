/** `portico start`: serves the app's node build in production, in one or more processes, until stopped. */
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { startWatchdog } from "../../emulation/watchdog.ts";
import { dataFolder } from "../../model/app.ts";
import { UserError } from "../../model/user-error.ts";
import { startCluster } from "../../node/cluster.ts";
import type { ProxyHeaders, TrustProxy } from "../../node/trust-proxy.ts";
import type { CommandInput } from "../command.ts";
import { portFlag, textFlag } from "../flags.ts";
import { printJsonLines } from "../log-output.ts";
import type { Reporter } from "../reporter.ts";
import type { WorkerTask } from "../start-worker.ts";

/** Milliseconds for running requests and background work to end after a stop. */
const graceMs = 10_000;

/** Production semantics: no error details, no generated secrets. */
export async function start(input: CommandInput): Promise<number> {
  const { reporter } = input;
  if (reporter.json) printJsonLines();
  const processes = processesFlag(input);
  const port = portFlag(input, 3000);
  const settings = { host: textFlag(input, "host") ?? "127.0.0.1", graceMs, ...proxyFlags(input) };
  // A worker even for one process, so that this process can handle signals and kill a worker in an endless loop.
  const watchdog = startWatchdog();
  const stopped = input.untilStopped();
  try {
    // In a later turn than the fork below: the workers start while this process loads and reads the app's settings.
    const app = Promise.resolve().then(async () => (await import("../start-settings.ts")).loadStartSettings(input));
    const workers = await startCluster({
      processes,
      port,
      arguments: ["start-worker", ...(reporter.json ? ["--json"] : [])],
      task: app.then(({ folder, env }): Omit<WorkerTask, "port"> => {
        const data = resolve(input.cwd, textFlag(input, "data") ?? join(folder, dataFolder));
        return { folder, data, env, ...settings };
      }),
      graceMs: graceMs + 2000,
      onCrash: ({ pid, code, signal }) =>
        reporter.warn(`worker ${pid} ended with ${signal ?? `code ${code}`}; another takes its place`),
    });
    printAddress(reporter, (await app).name, workers.url, processes);
    try {
      await Promise.race([stopped, workers.failed]);
    } finally {
      await workers.close();
      await (await app).close();
    }
    return 0;
  } finally {
    await watchdog.close();
  }
}

function printAddress(reporter: Reporter, name: string, url: string, processes: number): void {
  const count = processes === 1 ? "one process" : `${processes} processes`;
  const text = `${reporter.paint("bold", url)}  ${name} in production on Node, ${count}; Ctrl-C ends it`;
  reporter.result(text, { type: "listening", url, processes });
  // What people and tools wait for.
  reporter.flush();
}

function processesFlag(input: Pick<CommandInput, "flags">): number {
  const text = textFlag(input, "processes");
  if (text === undefined) return availableParallelism();
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new UserError(
    "BAD_PROCESSES",
    `"${text}" is no number of processes`,
    "Give --processes a number from 1 to 999.",
  );
}

function proxyFlags(input: Pick<CommandInput, "flags">): {
  readonly trustProxy: TrustProxy;
  readonly proxyHeaders: ProxyHeaders;
} {
  const trust = textFlag(input, "trustProxy");
  const kind = textFlag(input, "proxyHeaders") ?? "x-forwarded";
  if (kind !== "x-forwarded" && kind !== "forwarded")
    throw new UserError(
      "BAD_PROXY",
      `"${kind}" is no kind of proxy headers`,
      "Use --proxy-headers x-forwarded or forwarded.",
    );
  if (trust === undefined) return { trustProxy: false, proxyHeaders: kind };
  return { trustProxy: /^\d+$/.test(trust) ? Number(trust) : trust.split(","), proxyHeaders: kind };
}
