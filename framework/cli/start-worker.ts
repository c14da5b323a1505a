/**
 * The main function of a worker process of `portico start`: serves what the first process tells it. It is a program of
 * its own, since a worker needs neither the command line nor the app's settings (docs/decisions/045).
 */
import { accessJson } from "../http/access-log.ts";
import { installLazyRequest } from "../http/lazy-request.ts";
import { installLazyResponse } from "../http/lazy-response.ts";
import { startApp, type StartOptions } from "../node/built-app.ts";
import { joinCluster } from "../node/cluster.ts";
import { printJsonLines } from "./log-output.ts";
import { bypassProxyLocally } from "./proxy.ts";
import { Reporter } from "./reporter.ts";
import { untilStopped } from "./stop-signals.ts";

/** The settings of a worker process; plain data, since they are sent between processes. */
export type WorkerTask = Omit<StartOptions, "onAccess" | "onError" | "onJobError" | "onRun">;

/** Serves until it is told to stop; gives its exit code. Never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  bypassProxyLocally();
  const reporter = new Reporter({ json: argv.includes("--json"), verbose: false });
  if (reporter.json) printJsonLines();
  const faults = watchFaults(reporter);
  try {
    // Before the task arrives, since this loads Node's fetch (docs/decisions/013).
    installLazyResponse();
    installLazyRequest();
    const started = await joinCluster({
      start: (task: WorkerTask) => serveHere(task, reporter),
      stopped: Promise.race([untilStopped(), faults.uncaught]),
    });
    return started && !faults.wasUncaught() ? 0 : 1;
  } catch (error) {
    reporter.error(error);
    return 1;
  } finally {
    reporter.flush();
  }
}

function serveHere(task: WorkerTask, reporter: Reporter): ReturnType<typeof startApp> {
  const onError = (error: unknown, requestId: string): void => logFault(reporter, `request ${requestId}`, error);
  const onJobError = (error: unknown): void => logFault(reporter, "jobs", error);
  const onAccess: StartOptions["onAccess"] = (access) => reporter.result("", accessJson(access));
  const onRun: StartOptions["onRun"] = (run) => reporter.result("", { type: "job", ...run });
  return startApp({ ...task, onError, onJobError, ...(reporter.json && { onAccess, onRun }) });
}

/**
 * Logs uncaught exceptions and unhandled rejections. An exception also resolves `uncaught`, since it may leave the
 * process in an invalid state.
 */
function watchFaults(reporter: Reporter): { readonly uncaught: Promise<void>; wasUncaught(): boolean } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let was = false;
  process.on("unhandledRejection", (error) => logFault(reporter, "unhandled rejection", error));
  process.on("uncaughtException", (error) => {
    logFault(reporter, "uncaught exception", error);
    was = true;
    resolve();
  });
  return { uncaught: promise, wasUncaught: () => was };
}

/** Writes a fault of the app to its log. */
function logFault(reporter: Reporter, where: string, error: unknown): void {
  reporter.warn(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}
