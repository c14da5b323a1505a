/** `portico start`: the app's node build in, its production server in one or more processes until stopped out. */
import { availableParallelism } from "node:os";
import { resolveEnv } from "../../config/env.ts";
import { loadApp } from "../../config/load.ts";
import { accessJson } from "../../local/access-log.ts";
import { startWatchdog } from "../../local/watchdog.ts";
import { UserError } from "../../model/user-error.ts";
import { isClusterWorker, joinCluster, startCluster } from "../../node/cluster.ts";
import { installPlainRequest } from "../../node/plain-request.ts";
import { installPlainResponse } from "../../node/plain-response.ts";
import { startApp, type StartOptions } from "../../node/start.ts";
import type { ProxyHeaders, TrustProxy } from "../../node/trust-proxy.ts";
import type { CommandInput } from "../command.ts";
import { appFlags, portFlag, textFlag } from "../flags.ts";
import type { Reporter } from "../reporter.ts";

/** What a worker is told; plain data, since it crosses processes. */
type Task = Omit<StartOptions, "onAccess" | "onError">;

/** Milliseconds for running requests and background work at the end; a little more before a process is killed. */
const graceMs = 10_000;

/** Production semantics: no error detail, no made secrets. The workers run this command again and get their task from the first process. */
export async function start(input: CommandInput): Promise<number> {
  const { reporter } = input;
  if (isClusterWorker()) {
    const fault = faults(reporter);
    const started = await joinCluster({
      start: (task: Task) => serveHere(task, reporter),
      stopped: Promise.race([input.untilStopped(), fault.happened]),
    });
    return started && !fault.was() ? 0 : 1;
  }
  const count = processesFlag(input);
  const proxies = proxyFlags(input);
  const app = await loadApp(appFlags(input, "start"));
  const { env, undeclared } = await resolveEnv(app, { files: true, makeSecrets: false, processEnv: process.env });
  for (const name of undeclared)
    reporter.warn(`${name} is in an .env file, but not under "env" or "secrets" in hosting.json, so no function sees it`);
  const task: Task = {
    folder: app.root,
    port: portFlag(input, 3000),
    host: textFlag(input, "host") ?? "127.0.0.1",
    env,
    graceMs,
    ...proxies,
  };
  const tell = (url: string): void =>
    reporter.result(
      `${reporter.paint("bold", url)}  ${app.name} in production on Node, ${count === 1 ? "one process" : `${count} processes`}; Ctrl-C ends it`,
      {
        type: "listening",
        url,
        processes: count,
      },
    );
  return count === 1 ? startOne(input, task, tell) : startMany(input, task, count, tell);
}

/** One process; what would have ended it is told, and ends it once running requests are answered. */
async function startOne(input: CommandInput, task: Task, tell: (url: string) => void): Promise<number> {
  const stopped = input.untilStopped();
  const fault = faults(input.reporter);
  const server = await serveHere(task, input.reporter);
  tell(server.url);
  await Promise.race([stopped, fault.happened]);
  await server.close();
  return fault.was() ? 1 : 0;
}

async function startMany(input: CommandInput, task: Task, processes: number, tell: (url: string) => void): Promise<number> {
  const { reporter } = input;
  const watchdog = startWatchdog();
  const stopped = input.untilStopped();
  try {
    const workers = await startCluster({
      ...{ processes, task, graceMs: graceMs + 2000 },
      onCrash: ({ pid, code, signal }) => reporter.warn(`worker ${pid} ended with ${signal ?? `code ${code}`}; another takes its place`),
    });
    tell(workers.url);
    try {
      await Promise.race([stopped, workers.failed]);
    } finally {
      await workers.close();
    }
    return 0;
  } finally {
    await watchdog.close();
  }
}

function serveHere(task: Task, reporter: Reporter): ReturnType<typeof startApp> {
  installPlainResponse();
  installPlainRequest();
  const onError = (error: unknown, requestId: string): void => logFault(reporter, `request ${requestId}`, error);
  const onAccess: StartOptions["onAccess"] = (access) => reporter.result("", accessJson(access));
  return startApp({ ...task, onError, ...(reporter.json && { onAccess }) });
}

/**
 * An exception that nothing caught leaves a process that nobody can vouch for: it is told, and resolves `happened`. A rejection that
 * nobody awaits is told only, since nothing was interrupted.
 */
function faults(reporter: Reporter): { readonly happened: Promise<void>; was(): boolean } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let was = false;
  process.on("unhandledRejection", (error) => logFault(reporter, "unhandled rejection", error));
  process.on("uncaughtException", (error) => {
    logFault(reporter, "uncaught exception", error);
    was = true;
    resolve();
  });
  return { happened: promise, was: () => was };
}

/** The app's own mistakes, for its log. */
function logFault(reporter: Reporter, where: string, error: unknown): void {
  reporter.warn(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}

function processesFlag(input: CommandInput): number {
  const text = textFlag(input, "processes");
  if (text === undefined) return availableParallelism();
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new UserError("BAD_PROCESSES", `"${text}" is no number of processes`, "give a number from 1 to 999");
}

function proxyFlags(input: CommandInput): { readonly trustProxy: TrustProxy; readonly proxyHeaders: ProxyHeaders } {
  const trust = textFlag(input, "trustProxy");
  const kind = textFlag(input, "proxyHeaders") ?? "x-forwarded";
  if (kind !== "x-forwarded" && kind !== "forwarded")
    throw new UserError("BAD_PROXY", `"${kind}" is no kind of proxy headers`, "give x-forwarded or forwarded");
  if (trust === undefined) return { trustProxy: false, proxyHeaders: kind };
  return { trustProxy: /^\d+$/.test(trust) ? Number(trust) : trust.split(","), proxyHeaders: kind };
}
