/** The jobs of an app under test, which run when a test says so. */
import type { BuiltJobs } from "../features/jobs/built-jobs.ts";
import { applyOutcome } from "../features/jobs/job-runner.ts";
import { messageOf, toMessage } from "../features/jobs/message.ts";
import type { RunOptions } from "../features/jobs/run.ts";
import { openSqliteQueue, type SqliteQueue } from "../features/jobs/sqlite-queue.ts";

/** A run that ended. */
export interface TestJobRun {
  readonly job: string;
  readonly id: string;
  readonly attempt: number;
  /** `retry`: it failed and runs again, `dead`: it failed for the last time. */
  readonly outcome: "done" | "retry" | "wait" | "dead";
}

/** The app's queue. */
export interface TestJobs {
  /**
   * Runs the jobs whose time has come, and those that they send, one after another; `app.clock.advance` brings the time
   * of those that wait. A job that fails is reported on stderr, as in production.
   * @param name of a job to send first
   * @param data its data; null when absent, as of a job that a schedule sends
   */
  run(name?: string, data?: unknown): Promise<readonly TestJobRun[]>;
}

/** How many runs end a `run`, of jobs that send each other without end. */
const most = 1000;

/** @param settle waits for background work, which may send jobs; rejects where it failed */
export function createJobs(
  jobs: BuiltJobs | undefined,
  names: readonly string[],
  { data, call, now, settle }: JobsOptions,
): TestJobs & { close(): void } {
  let queue: SqliteQueue | undefined;
  return {
    async run(name, given = null) {
      queue ??= openSqliteQueue(data);
      if (name !== undefined) queue.send(toMessage(name, given, {}, names).body, now());
      const runs: TestJobRun[] = [];
      await settle();
      for (let [message] = queue.claim(now(), 1); message && jobs; [message] = queue.claim(now(), 1)) {
        if (runs.length === most) throw new Error(`${most} jobs ran, and there are more: do they send each other?`);
        // oxlint-disable-next-line no-await-in-loop -- each after another, so that a test sees one order
        const outcome = await jobs.run(message, { call });
        // oxlint-disable-next-line no-await-in-loop
        if (outcome.type === "dead") await jobs.keepDead(outcome.dead, call);
        applyOutcome(queue, message.row, outcome, now());
        const { job, id } = messageOf(message.body);
        runs.push({ job, id, attempt: message.attempt, outcome: outcome.type });
        // oxlint-disable-next-line no-await-in-loop
        await settle();
      }
      return runs;
    },
    close: () => queue?.close(),
  };
}

interface JobsOptions {
  /** Absolute path of the app's data. */
  readonly data: string;
  readonly call: RunOptions["call"];
  readonly now: () => number;
  readonly settle: () => Promise<void>;
}
