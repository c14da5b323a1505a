/** The types of jobs: what a file of functions/_jobs exports, and what its function receives. */
import type { Call } from "../../runtime/handler.ts";

/** The second argument of a job: what a handler's context has of the call, and the message. */
export interface JobContext extends Call {
  /** The same in every delivery of a message; `digest@2026-11-29T00:00Z` for one that the clock sent. */
  readonly id: string;
  /** 1 for the first run, counted on with every delivery. */
  readonly attempt: number;
  /** The minute of the schedule; undefined for a message of the app. */
  readonly scheduled: Date | undefined;
  /**
   * Aborts 5 s before the timeout, or a tenth of it where it is under 50 s, and before the process stops. Its reason is
   * a JobError JOB_TIMEOUT.
   */
  readonly signal: AbortSignal;
  readonly var: Readonly<Record<string, unknown>>;
}

/**
 * A job: the default export of `functions/_jobs/<name>.ts`. It is done when it returns, and runs again later when it
 * throws. It may run more than once for one message.
 */
export type Job<Data = null> = (data: Data, context: JobContext) => unknown;

/**
 * The app's jobs with their data, which `portico types` writes to routes.d.ts:
 * `interface Jobs { digest: { team: string } | null }`.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- augmented by the app
export interface Jobs {}

/** The data of a job, from the type of its function. */
export type JobData<Function> = Function extends (data: infer Data, context: never) => void ? Data : never;
