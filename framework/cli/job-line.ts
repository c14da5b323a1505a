/** A job with its schedule and coming runs, as `portico jobs`, `dev` and `build` show them. */
import { wallClock } from "../features/jobs/due.ts";
import { nextRun } from "../features/jobs/next-run.ts";
import { parseCron } from "../model/cron.ts";
import type { Job } from "../model/job.ts";

/** A run, in UTC and by the clock of the zone: `2026-11-29T00:00Z`, `2026-11-29 09:00`. */
export interface NextRun {
  readonly utc: string;
  readonly local: string;
}

/** A job as a list of dev and build has it. */
export interface JobLine extends Pick<Job, "name" | "cron" | "zone"> {
  /** Absent where nothing is due. */
  readonly next?: NextRun;
}

/** @param now epoch milliseconds */
export function nextRuns(cron: string, zone: string, now: number, count: number): readonly NextRun[] {
  const schedule = parseCron(cron);
  const found: number[] = [];
  while (found.length < count) {
    const next = nextRun(schedule, found.at(-1) ?? now, zone);
    if (next === undefined) break;
    found.push(next);
  }
  return found.map((at) => ({ utc: minuteOf(at, "T", "Z"), local: minuteOf(wallClock(at, zone), " ", "") }));
}

const minuteOf = (at: number, separator: string, end: string): string =>
  new Date(at).toISOString().slice(0, 16).replace("T", separator) + end;

/** @param isOn whether schedules run @param now epoch milliseconds */
export const jobLines = (jobs: readonly Job[], isOn: boolean, now: number): readonly JobLine[] =>
  jobs.map(({ name, cron, zone = "UTC" }) => {
    if (cron === undefined) return { name };
    const [next] = isOn ? nextRuns(cron, zone, now, 1) : [];
    return { name, cron, zone, ...(next && { next }) };
  });

/** `job digest  0 9 * * 1-5 Asia/Seoul  next 2026-11-30 09:00`. */
export function jobLineText({ name, cron, zone, next }: JobLine): string {
  if (cron === undefined) return `job ${name}`;
  return `job ${name}  ${cron} ${zone}  ${next ? `next ${next.local}` : "schedules do not run"}`;
}

/** `1 job`, `2 jobs`. */
export const countText = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
