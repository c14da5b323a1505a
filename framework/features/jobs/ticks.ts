/** The messages that the clock sends. */
import type { CronSchedule } from "../../model/cron.ts";
import { isDue } from "./due.ts";
import type { Message } from "./message.ts";

/** A job's schedule in a build. */
export interface Scheduled {
  readonly schedule?: CronSchedule;
  /** An IANA name. Default UTC. */
  readonly zone?: string;
}

/**
 * The messages of a minute. A minute that is sent twice has the same ids.
 * @param at epoch milliseconds, a whole minute
 */
export const ticksAt = (jobs: Readonly<Record<string, Scheduled>>, at: number): readonly string[] =>
  Object.entries(jobs)
    .filter(([, { schedule, zone }]) => schedule && isDue(schedule, at, zone))
    .map(([job]) => JSON.stringify(tick(job, at)));

/** The message of a job's schedule. @param at epoch milliseconds, a whole minute */
export const tick = (job: string, at: number): Message => ({
  job,
  data: null,
  id: `${job}@${new Date(at).toISOString().slice(0, 16)}Z`,
  scheduled: at,
});
