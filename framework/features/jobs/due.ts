/** When a cron schedule runs: by the clock of its zone, and as cronie does when that clock is changed. */
import type { CronField, CronSchedule } from "../../model/cron.ts";

const minute = 60_000;
const day = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * The time that a zone's clock shows, as the milliseconds of that time in UTC.
 * @param at epoch milliseconds, a whole minute
 */
export function wallClock(at: number, zone: string): number {
  if (zone === "UTC") return at;
  let format = formats.get(zone);
  if (!format) {
    const style = { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" } as const;
    formats.set(zone, (format = new Intl.DateTimeFormat("en-US", { ...style, timeZone: zone })));
  }
  // "Nov 29, 2026, 09:00": V8, which every target runs, reads what it writes.
  return Date.parse(`${format.format(at)} UTC`);
}

const allows = (field: CronField, value: number): boolean => field?.includes(value) ?? true;

/** Whether a day is one of a schedule's. @param wall as `wallClock` gives it */
export function isOnDay({ day: days, month, weekday, eitherDay }: CronSchedule, wall: number): boolean {
  const date = new Date(wall);
  const [onDate, onWeekday] = [allows(days, date.getUTCDate()), allows(weekday, date.getUTCDay())];
  return allows(month, date.getUTCMonth() + 1) && (eitherDay ? onDate || onWeekday : onDate && onWeekday);
}

function matches(schedule: CronSchedule, wall: number): boolean {
  const date = new Date(wall);
  const onTime = allows(schedule.minute, date.getUTCMinutes()) && allows(schedule.hour, date.getUTCHours());
  return onTime && isOnDay(schedule, wall);
}

/**
 * Whether a schedule runs at a minute. When the clock is put forward, a schedule with fixed hours runs at the first
 * minute after the gap for all of its times within the gap; when the clock is put back, it runs only the first time
 * that a time comes. A schedule whose hour begins with `*` runs whenever the clock shows its time.
 * @param at epoch milliseconds, a whole minute
 * @param zone an IANA name
 */
export function isDue(schedule: CronSchedule, at: number, zone = "UTC"): boolean {
  const now = wallClock(at, zone);
  if (schedule.everyHour) return matches(schedule, now);
  for (let skipped = wallClock(at - minute, zone) + minute; skipped < now; skipped += minute)
    if (matches(schedule, skipped)) return true;
  if (!matches(schedule, now)) return false;
  // How far the clock was put back within the last day.
  const back = wallClock(at - day, zone) + day - now;
  return back <= 0 || wallClock(at - back, zone) !== now;
}
