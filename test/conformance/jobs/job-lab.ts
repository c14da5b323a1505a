/** A queue with jobs on some target, whose time a test moves. */
import type { Job } from "../../../framework/features/jobs/job.ts";
import type { SendOptions } from "../../../framework/features/jobs/message.ts";
import type { DeadJob } from "../../../framework/features/jobs/dead-jobs.ts";
import type { RunnableJobs } from "../../../framework/features/jobs/run.ts";
import { parseCron } from "../../../framework/model/cron.ts";

/** A job of a case. */
export interface TestJob {
  readonly run: Job<never>;
  readonly cron?: string;
  readonly zone?: string;
  readonly retries?: number;
  readonly timeout?: number;
}

/** Jobs by name. */
export type TestJobs = Readonly<Record<string, TestJob>>;

/** The jobs as a build has them. */
export const toJobs = (jobs: TestJobs): RunnableJobs =>
  Object.fromEntries(
    Object.entries(jobs).map(([name, { run, cron, zone, retries = 3, timeout = 300 }]) => [
      name,
      {
        load: async () => ({ default: run }),
        retries,
        timeout,
        ...(cron !== undefined && { schedule: parseCron(cron) }),
        ...(zone !== undefined && { zone }),
      },
    ]),
  );

/** The epoch milliseconds at which every lab begins; no minute begins there. */
export const beginning = Date.parse("2026-11-29T23:57:30Z");

/** A running queue. */
export interface JobLab {
  send(job: string, data?: unknown, options?: SendOptions): Promise<{ readonly id: string }>;
  /** Puts a message into the queue unchecked, as an earlier release or a clock that ticks twice does. */
  put(body: string): Promise<void>;
  /** Lets time pass. What is due within it has ended when the promise resolves. */
  advance(seconds: number): Promise<void>;
  /** Lets the clock show another time, without time having passed for timers. */
  jump(seconds: number): void;
  /** Replaces the release. */
  release(jobs: TestJobs): Promise<void>;
  dead(): Promise<readonly DeadJob[]>;
  /** Messages that wait. */
  waiting(): Promise<number>;
  close(): Promise<void>;
}

/** What targets differ in. */
export interface LabTraits {
  /** Whether minutes in which no clock ran are made up for, the one among them in which the queue starts. */
  readonly catchesUp: boolean;
}

/** Starts a queue for a case. */
export type OpenJobLab = (jobs: TestJobs) => Promise<JobLab>;
