/**
 * Cron expressions: five fields as in crontab(5), read into the values that each field allows. `isDue` of the jobs
 * feature says when a schedule runs.
 */
import { nearestWord } from "./did-you-mean.ts";
import { type At, UserError } from "./user-error.ts";

/** The values that a field allows, in ascending order; null for all of them. */
export type CronField = readonly number[] | null;

/** A cron expression as it is frozen in a build: plain data. */
export interface CronSchedule {
  readonly minute: CronField;
  readonly hour: CronField;
  /** Of the month, from 1. */
  readonly day: CronField;
  /** From 1. */
  readonly month: CronField;
  /** 0 is Sunday. */
  readonly weekday: CronField;
  /** Whether the hour begins with `*`, so that the schedule goes by elapsed time when a clock is changed. */
  readonly everyHour: boolean;
  /** Whether one of the two day fields suffices, since neither begins with `*`. Otherwise both have to match. */
  readonly eitherDay: boolean;
}

/** A field's name and values, for the reader and its messages. */
interface FieldRule {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** Names of the values, beginning with the one of `low`. */
  readonly words: readonly string[];
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const rules = {
  minute: { name: "minute", low: 0, high: 59, words: [] },
  hour: { name: "hour", low: 0, high: 23, words: [] },
  day: { name: "day of the month", low: 1, high: 31, words: [] },
  month: { name: "month", low: 1, high: 12, words: months },
  weekday: { name: "day of the week", low: 0, high: 7, words: weekdays },
} as const satisfies Readonly<Record<string, FieldRule>>;

/** The most days that each month can have, from January. */
const longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads five fields, separated by spaces: numbers, names, lists, ranges, `*`, and steps after `*` or a range. Sunday is
 * 0 or 7. Throws UserError CRON that names the field and the values that it allows, also for a day that no month has.
 * @param at the place of the text, for the error
 */
export function parseCron(text: string, at?: At): CronSchedule {
  const parts = text.trim().split(/\s+/);
  const [minute, hour, day, month, weekday] = parts;
  if (parts.length !== 5 || !minute || !hour || !day || !month || !weekday)
    throw cronError(
      `a cron expression has five fields, and "${text}" has ${text.trim() === "" ? 0 : parts.length}`,
      'Write minute, hour, day of the month, month and day of the week, as in "0 9 * * 1-5" for 9:00 from Monday to ' +
        "Friday.",
      at,
    );
  const days = readField(weekday, rules.weekday, at)?.map((value) => value % 7);
  const schedule: CronSchedule = {
    minute: readField(minute, rules.minute, at),
    hour: readField(hour, rules.hour, at),
    day: readField(day, rules.day, at),
    month: readField(month, rules.month, at),
    weekday: days && new Set(days).size < 7 ? sorted(days) : null,
    everyHour: hour.startsWith("*"),
    eitherDay: !day.startsWith("*") && !weekday.startsWith("*"),
  };
  if (!schedule.eitherDay && !hasDay(schedule))
    throw cronError(
      `"${text}" never runs: no month of ${month} has the day ${day}`,
      "Write a day that one of its months has; every month has the days 1 to 28.",
      at,
    );
  return schedule;
}

const hasDay = ({ day, month }: CronSchedule): boolean =>
  day === null || longest.some((days, index) => (month?.includes(index + 1) ?? true) && day[0]! <= days);

const sorted = (values: Iterable<number>): readonly number[] => [...new Set(values)].toSorted((a, b) => a - b);

function readField(text: string, rule: FieldRule, at: At | undefined): CronField {
  const allowed = new Set<number>();
  for (const item of text.split(",")) {
    const [range = "", step, ...rest] = item.split("/");
    const isRange = range === "*" || range.includes("-");
    if (rest.length > 0 || (step !== undefined && !(isRange && /^[1-9]\d?$/.test(step))))
      throw fieldError(item, rule, at, isRange ? "" : ` A step follows * or a range: ${range}-${rule.high}/${step}.`);
    const [from, to] = readRange(range, item, rule, at);
    for (let value = from; value <= to; value += Number(step ?? 1)) allowed.add(value);
  }
  return allowed.size > rule.high - rule.low ? null : sorted(allowed);
}

function readRange(range: string, item: string, rule: FieldRule, at: At | undefined): readonly [number, number] {
  if (range === "*") return [rule.low, rule.high];
  const [first = "", last = first, ...rest] = range.split("-");
  const from = readValue(first, rule);
  const end = readValue(last, rule);
  // Sunday ends a week as 7: fri-sun.
  const to = end === 0 && from !== undefined && from > 0 && rule === rules.weekday ? 7 : end;
  if (from === undefined || to === undefined || rest.length > 0) throw fieldError(item, rule, at);
  if (to < from) throw fieldError(item, rule, at, " A range ascends.");
  return [from, to];
}

function readValue(text: string, { low, high, words }: FieldRule): number | undefined {
  const word = words.indexOf(text.toLowerCase());
  const value = word >= 0 ? word + low : /^\d{1,2}$/.test(text) ? Number(text) : -1;
  return value >= low && value <= high ? value : undefined;
}

function fieldError(item: string, { name, low, high, words }: FieldRule, at: At | undefined, more = ""): UserError {
  const named = words.length > 0 ? ` or ${words[0]} to ${words.at(-1)}` : "";
  const meant = nearestWord(item, words);
  return cronError(
    `the ${name} cannot be "${item}"${meant === undefined ? "" : `; did you mean "${meant}"?`}`,
    `Write ${low} to ${high}${named}, a range such as ${low}-${high}, a list such as ${low},${high}, * or */2.${more}`,
    at,
  );
}

const cronError = (message: string, fix: string, at: At | undefined): UserError =>
  new UserError("CRON", message, fix, at && { at });
