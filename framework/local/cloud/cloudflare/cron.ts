/** Cron expressions as Cloudflare reads them (docs: Cron Triggers): a text in, the minutes it means out. */

/** One field: every value that it allows. */
type Field = ReadonlySet<number>;

/** A parsed expression. */
export interface Cron {
  readonly minutes: Field;
  readonly hours: Field;
  readonly days: Field;
  readonly months: Field;
  readonly weekdays: Field;
  /** Both the day of the month and the day of the week are restricted: either will do. */
  readonly eitherDay: boolean;
}

const monthNames = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const dayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/** Undefined for what is no expression; those with L, W or # are none here. Days of the week go from 1 (Sunday) to 7. */
export function parseCron(text: string): Cron | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  const parsed = [
    parseField(minute, 0, 59, []),
    parseField(hour, 0, 23, []),
    parseField(day, 1, 31, []),
    parseField(month, 1, 12, monthNames),
    parseField(weekday, 1, 7, dayNames),
  ] as const;
  const [minutes, hours, days, months, weekdays] = parsed;
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  return { minutes, hours, days, months, weekdays, eitherDay: !day.startsWith("*") && !weekday.startsWith("*") };
}

function parseField(text: string, least: number, most: number, names: readonly string[]): Field | undefined {
  const values = new Set<number>();
  const toNumber = (word: string): number => {
    const at = names.indexOf(word.toUpperCase());
    return at >= 0 ? at + least : /^\d{1,2}$/.test(word) ? Number(word) : Number.NaN;
  };
  for (const part of text.split(",")) {
    const [, range = "", step = "1"] = /^([^/]+)(?:\/(\d{1,2}))?$/.exec(part) ?? [];
    const [from = "", to] = range === "*" ? [String(least), String(most)] : range.split("-");
    const first = toNumber(from);
    const last = to === undefined ? (part.includes("/") ? most : first) : toNumber(to);
    if (!(first >= least && last <= most && first <= last) || Number(step) < 1) return undefined;
    for (let value = first; value <= last; value += Number(step)) values.add(value);
  }
  return values;
}

/** @param time epoch ms; all is UTC */
export function isDue(cron: Cron, time: number): boolean {
  const date = new Date(time);
  if (!cron.minutes.has(date.getUTCMinutes()) || !cron.hours.has(date.getUTCHours()) || !cron.months.has(date.getUTCMonth() + 1))
    return false;
  const isDay = cron.days.has(date.getUTCDate());
  const isWeekday = cron.weekdays.has(date.getUTCDay() + 1);
  return cron.eitherDay ? isDay || isWeekday : isDay && isWeekday;
}
