/** Parses cron expressions as Cloudflare does (docs: Cron Triggers) and tells in which minutes they are due. */

/** The values that one field allows. */
type Field = ReadonlySet<number>;

/** A parsed expression. */
export interface Cron {
  readonly minutes: Field;
  readonly hours: Field;
  readonly days: Field;
  readonly months: Field;
  readonly weekdays: Field;
  /** Both the day of the month and the day of the week are restricted: a day needs to match only one of them. */
  readonly eitherDay: boolean;
}

const monthNames = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const dayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/** Undefined for a text that is no expression, or that uses L, W or #. Days of the week go from 1 (Sunday) to 7. */
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

function parseField(text: string, min: number, max: number, names: readonly string[]): Field | undefined {
  const values = new Set<number>();
  const toNumber = (word: string): number => {
    const index = names.indexOf(word.toUpperCase());
    return index >= 0 ? index + min : /^\d{1,2}$/.test(word) ? Number(word) : Number.NaN;
  };
  for (const part of text.split(",")) {
    const [, range = "", step = "1"] = /^([^/]+)(?:\/(\d{1,2}))?$/.exec(part) ?? [];
    const [from = "", to] = range === "*" ? [String(min), String(max)] : range.split("-");
    const first = toNumber(from);
    const last = to === undefined ? (part.includes("/") ? max : first) : toNumber(to);
    if (!(first >= min && last <= max && first <= last) || Number(step) < 1) return undefined;
    for (let value = first; value <= last; value += Number(step)) values.add(value);
  }
  return values;
}

/** @param time epoch ms; all is UTC */
export function isDue(cron: Cron, time: number): boolean {
  const date = new Date(time);
  if (
    !cron.minutes.has(date.getUTCMinutes()) ||
    !cron.hours.has(date.getUTCHours()) ||
    !cron.months.has(date.getUTCMonth() + 1)
  )
    return false;
  const isDay = cron.days.has(date.getUTCDate());
  const isWeekday = cron.weekdays.has(date.getUTCDay() + 1);
  return cron.eitherDay ? isDay || isWeekday : isDay && isWeekday;
}
