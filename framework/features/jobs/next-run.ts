/** The coming runs of a cron schedule. */
import type { CronSchedule } from "../../model/cron.ts";
import { isDue, isOnDay, wallClock } from "./due.ts";

const minute = 60_000;
const day = 86_400_000;

/** Days in which every schedule that runs at all does so: a leap day can be eight years away. */
const farthest = 9 * 366;

/**
 * The first run after a time; undefined if there is none in nine years.
 * @param after epoch milliseconds
 * @param zone an IANA name
 * @returns epoch milliseconds, a whole minute
 */
export function nextRun(schedule: CronSchedule, after: number, zone = "UTC"): number | undefined {
  const start = Math.floor(after / minute) * minute + minute;
  for (let from = start, days = 0; days < farthest; from += day, days += 1) {
    if (!touches(schedule, from, zone)) continue;
    for (let at = from; at < from + day; at += minute) if (isDue(schedule, at, zone)) return at;
  }
  return undefined;
}

/** Whether one of the dates in 24 hours is a schedule's, those included that the zone's clock skips. */
function touches(schedule: CronSchedule, from: number, zone: string): boolean {
  const end = wallClock(from + day, zone);
  for (let date = Math.floor(wallClock(from - minute, zone) / day) * day; date <= end; date += day)
    if (isOnDay(schedule, date)) return true;
  return false;
}
