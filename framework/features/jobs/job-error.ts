/** The errors of jobs, told apart by their codes. */

/**
 * `JOB_BUSY`: nothing was sent, and it may work later. `JOB_MISSING` and `JOB_SCHEMA`: the app has no queue, or one of
 * a newer Portico. `JOB_TIMEOUT`: a run took longer than its job may. The others are mistakes of the caller.
 */
export type JobErrorCode =
  | "JOB_UNKNOWN"
  | "JOB_DATA"
  | "JOB_DELAY"
  | "JOB_ID"
  | "JOB_TIMEOUT"
  | "JOB_BUSY"
  | "JOB_SCHEMA"
  | "JOB_MISSING";

/** An error of jobs. Its message says what to do; `cause` is the platform's error, where there is one. */
export class JobError extends Error {
  readonly code: JobErrorCode;

  constructor(code: JobErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
