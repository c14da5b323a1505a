/** Runs a job for a message, and decides what becomes of the message: the same on every target, whatever the queue. */
import { reportError } from "../../runtime/error-response.ts";
import type { Call } from "../../runtime/handler.ts";
import type { Job, JobContext } from "./job.ts";
import { JobError } from "./job-error.ts";
import { type Message, messageOf } from "./message.ts";
import type { DeadJob } from "./dead-jobs.ts";
import type { Scheduled } from "./ticks.ts";

/** A job in a build. */
export interface RunnableJob extends Scheduled {
  readonly load: () => Promise<{ readonly default: Job<never> }>;
  readonly retries: number;
  /** Seconds. */
  readonly timeout: number;
}

/** All jobs of a build by name, without a prototype. */
export type RunnableJobs = Readonly<Record<string, RunnableJob>>;

/** What becomes of a message: the engine of a queue does it. */
export type Outcome =
  | { readonly type: "done" }
  /** Give it again. @param after seconds */
  | { readonly type: "retry"; readonly after: number }
  /** Send this as a new message, then delete the one that ran, so that waiting uses up no attempts. */
  | { readonly type: "wait"; readonly body: string; readonly after: number }
  /** Keep it as a dead job, then delete it. */
  | { readonly type: "dead"; readonly dead: DeadJob };

/** A message that a queue gave. */
export interface Delivery {
  /** The JSON of a `Message`. */
  readonly body: string;
  /** How often the queue gave it, from 1; deliveries that ended with their process count. */
  readonly attempt: number;
}

/** What a platform brings to a run. */
export interface RunOptions {
  readonly call: Pick<Call, "env" | "platform" | "waitUntil">;
  /** Aborts before the process stops. */
  readonly stopping?: AbortSignal;
  /** Calls back after milliseconds; returns a function that cancels. Default `setTimeout`. */
  readonly after?: ((ms: number, callback: () => void) => () => void) | undefined;
}

/** As in the runtime's `reportError`. */
declare const PORTICO_DEV: boolean;

const waitSeconds = 300;
const maxWaits = 100;

const afterTimeout = (ms: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** Seconds before the next attempt: 5, 10, 20, … at most 900. */
const backoff = (attempt: number): number => Math.min(900, 5 * 2 ** (attempt - 1));

/** Never rejects for what a job throws: that is reported, as a handler's errors are, with job, id and attempt. */
export async function runJob(jobs: RunnableJobs, { body, attempt }: Delivery, options: RunOptions): Promise<Outcome> {
  const message = messageOf(body);
  const { job: name, waits = 0 } = message;
  const job = jobs[name];
  // It was sent by a newer release that was rolled back: one that knows the job may be live again.
  if (!job && waits < maxWaits)
    return { type: "wait", body: JSON.stringify({ ...message, waits: waits + 1 }), after: waitSeconds };
  try {
    if (!job) throw new Error("no release knew the job for 8 hours");
    if (attempt > job.retries + 1) throw new Error("the process ended during the last run");
    await runWithin(job, message, attempt, options);
    return { type: "done" };
  } catch (error) {
    // The development emulation knows a run by its id.
    const isDev = typeof PORTICO_DEV !== "undefined" && PORTICO_DEV;
    reportError(error, isDev ? message.id : `job ${name} ${message.id} attempt ${attempt}`);
    return failed(job ?? { retries: 0 }, message, attempt, error);
  }
}

/** What becomes of a message whose run failed. */
export const failed = (
  { retries }: Pick<RunnableJob, "retries">,
  message: Message,
  attempt: number,
  error: unknown,
): Outcome =>
  attempt > retries
    ? { type: "dead", dead: { ...message, attempts: attempt, error: String(error).slice(0, 1000) } }
    : { type: "retry", after: backoff(attempt) };

/** Rejects with JobError JOB_TIMEOUT when the job takes too long; what it still does then is ignored. */
async function runWithin(
  { load, timeout }: RunnableJob,
  { job: name, data, id, scheduled }: Message,
  attempt: number,
  { call, stopping, after = afterTimeout }: RunOptions,
): Promise<void> {
  const abort = new AbortController();
  const ended = Promise.withResolvers<never>();
  const late = new JobError("JOB_TIMEOUT", `the job ${name} has a timeout of ${timeout} s`);
  const cancels = [
    after(Math.max(timeout - 5, timeout * 0.9) * 1000, () => abort.abort(late)),
    after(timeout * 1000, () => ended.reject(late)),
  ];
  const context: JobContext = {
    ...call,
    requestId: id,
    clientAddress: undefined,
    var: {},
    id,
    attempt,
    scheduled: scheduled ? new Date(scheduled) : undefined,
    signal: stopping ? AbortSignal.any([abort.signal, stopping]) : abort.signal,
  };
  try {
    const run = load().then(({ default: job }) => {
      if (typeof PORTICO_DEV !== "undefined" && PORTICO_DEV && typeof job !== "function")
        throw new TypeError(`the default export of the job ${name} is no function`);
      return job(data as never, context);
    });
    await Promise.race([run, ended.promise]);
  } finally {
    for (const cancel of cancels) cancel();
  }
}
