/**
 * Runs the jobs of an app under development: the clock and the queue, with each job in its function. On Workers too the
 * queue is the data folder's.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { jobFunctionId } from "../bundler/function-groups.ts";
import type { Emulator } from "../emulation/emulator.ts";
import { keepDeadJob } from "../features/jobs/dead-jobs.ts";
import { type JobRun, startJobRunner } from "../features/jobs/job-runner.ts";
import { messageOf } from "../features/jobs/message.ts";
import { type Delivery, failed, type Outcome, runJob } from "../features/jobs/run.ts";
import { ticksAt } from "../features/jobs/ticks.ts";
import { store } from "../features/store/node.ts";
import { dataFolder, defaultJobConcurrency } from "../model/app.ts";
import { parseCron } from "../model/cron.ts";
import type { HttpRequest } from "../model/http-message.ts";
import type { LoadedFunction } from "../model/invocation.ts";
import type { Job } from "../model/job.ts";
import { UserError } from "../model/user-error.ts";
import type { Env } from "../runtime/handler.ts";
import type { AppSession } from "./app-session.ts";
import type { ReportEvent } from "./dev-event.ts";
import { excerptOf, type MappedFailure, mapFailure } from "./source-frame.ts";

/** The jobs of a session. */
export interface DevJobs {
  close(): Promise<void>;
}

/** Milliseconds that running jobs have when dev ends. */
const graceMs = 0;

/** Runs the session's current jobs, with their current settings. */
export function startDevJobs(session: AppSession, emulator: Emulator, report: ReportEvent): DevJobs {
  const { app, served } = session;
  const data = join(app.root, dataFolder);
  const context = { platform: { name: "node", data }, waitUntil: () => {} } as const;
  const failures = new Map<string, MappedFailure>();
  const runner = startJobRunner({
    data,
    concurrency: app.jobConcurrency ?? defaultJobConcurrency,
    ticksAt: (at) => (served().clock ? ticksAt(schedulesOf(served().jobs), at) : []),
    run: (delivery) => runInFunction(delivery, { session, emulator, report, failures }),
    keepDead: (dead) => keepDeadJob({ store, context }, dead),
    onRun: (run) => report(jobEvent(run, served().jobs, failures)),
    onError: (error) => report({ type: "error", error }),
  });
  if (!runner.isLeader)
    report({ type: "warning", text: `another process runs the jobs of this app, until it ends (${data})` });
  return { close: () => runner.close(graceMs) };
}

/** The schedules of jobs by name. */
export const schedulesOf = (jobs: readonly Job[]) =>
  Object.fromEntries(
    jobs.map(({ name, cron, zone }) => [
      name,
      { ...(cron !== undefined && { schedule: parseCron(cron) }), ...(zone !== undefined && { zone }) },
    ]),
  );

interface FunctionRun {
  readonly session: AppSession;
  readonly emulator: Emulator;
  readonly report: ReportEvent;
  /** By message id, until the run is reported. */
  readonly failures: Map<string, MappedFailure>;
}

/** A function that does not build, or whose thread ends, is a failed run. */
async function runInFunction(delivery: Delivery, run: FunctionRun): Promise<Outcome> {
  const { session, emulator, report, failures } = run;
  const message = messageOf(delivery.body);
  const job = session.served().jobs.find(({ name }) => name === message.job);
  if (!job) return runJob({}, delivery, { call: { env: {} as Env, platform: { name: "node" }, waitUntil: () => {} } });
  let fn: LoadedFunction;
  try {
    fn = await session.load(jobFunctionId(job.name));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    report({ type: "error", error });
    return failed(job, message, delivery.attempt, error);
  }
  // On Workers it is a header too, which an id of the app may not fit into.
  const requestId = /^[!-~]+$/.test(message.id) ? message.id : randomUUID();
  const { response, failure } = await emulator.invoke(fn, toRequest(delivery), {
    routeKey: "$default",
    pathParameters: {},
    requestId,
  });
  if (failure)
    failures.set(message.id, await mapFailure(failure, fn, { root: session.app.root, target: session.target }));
  const text = await new Response(response.body as BodyInit).text();
  if (response.status === 200) return JSON.parse(text) as Outcome;
  return failed(job, message, delivery.attempt, failure ? `${failure.name}: ${failure.message}` : text);
}

const toRequest = (delivery: Delivery): HttpRequest => ({
  method: "POST",
  target: "/",
  headers: [["host", "jobs"]],
  body: new TextEncoder().encode(JSON.stringify(delivery)),
  clientAddress: "127.0.0.1",
  scheme: "http",
  port: 80,
});

/** The event of a run. @param failures by message id; the run's own is taken out */
export function jobEvent(run: JobRun, jobs: readonly Job[], failures: Map<string, MappedFailure>) {
  const failure = failures.get(run.id);
  failures.delete(run.id);
  const file = jobs.find(({ name }) => name === run.job)?.file;
  return { type: "job", run, file, failure, excerpt: failure ? excerptOf(failure) : [] } as const;
}
