/** Runs of cron schedules: as croner has them, and at clock changes in three zones, minute by minute. */
import { Cron } from "croner";
import { assert, constantFrom, date, integer, oneof, property, tuple, uniqueArray } from "fast-check";
import { describe, expect, it } from "vitest";
import { isDue } from "../../../framework/features/jobs/due.ts";
import { nextRun } from "../../../framework/features/jobs/next-run.ts";
import { parseCron } from "../../../framework/model/cron.ts";

const minute = 60_000;

/** The runs from one time to another, as `2026-03-08T07:00Z`. */
function runs(text: string, zone: string, from: string, to: string): string[] {
  const schedule = parseCron(text);
  const found: string[] = [];
  for (let at = Date.parse(from); at < Date.parse(to); at += minute)
    if (isDue(schedule, at, zone)) found.push(`${new Date(at).toISOString().slice(0, 16)}Z`);
  return found;
}

const field = (low: number, high: number) =>
  oneof(
    { weight: 3, arbitrary: integer({ min: low, max: high }).map(String) },
    uniqueArray(integer({ min: low, max: high }), { minLength: 1, maxLength: 4 }).map((values) => values.join(",")),
    tuple(integer({ min: low, max: high }), integer({ min: low, max: high }), integer({ min: 1, max: 6 })).map(
      ([a, b, step]) => `${Math.min(a, b)}-${Math.max(a, b)}/${step}`,
    ),
  );
const orStar = (low: number, high: number) =>
  oneof(
    { weight: 2, arbitrary: constantFrom("*") },
    field(low, high),
    integer({ min: 2, max: 6 }).map((step) => `*/${step}`),
  );
const time = date({ min: new Date("2020-01-01"), max: new Date("2035-01-01"), noInvalidDate: true });

describe("a schedule", () => {
  it("runs when croner's does", () => {
    assert(
      property(
        tuple(orStar(0, 59), orStar(0, 23), oneof(constantFrom("*"), field(1, 28)), orStar(1, 12), orStar(0, 7)),
        time,
        constantFrom("UTC", "Asia/Seoul", "Asia/Kolkata", "America/Phoenix"),
        (fields, after, zone) => {
          // croner takes only a lone * for a day field that does not restrict.
          const text = fields.join(" ").replace(/(\d\S*) (\S+) \*\/\d$/, "$1 $2 *");
          const expected = new Cron(text, { timezone: zone, mode: "5-part" }).nextRun(after)?.getTime();
          expect(nextRun(parseCron(text), after.getTime(), zone)).toBe(expected);
        },
      ),
    );
  });

  it("with fixed times runs when croner's does across changes of the clock", () => {
    assert(
      property(
        tuple(field(0, 59), oneof(integer({ min: 0, max: 23 }).map(String), field(0, 5))),
        constantFrom(
          ["America/New_York", "2026-03-08T07:00Z"],
          ["America/New_York", "2026-11-01T06:00Z"],
          ["Europe/Berlin", "2026-03-29T01:00Z"],
          ["Europe/Berlin", "2026-10-25T01:00Z"],
          ["Australia/Lord_Howe", "2026-10-03T15:30Z"],
          ["Australia/Lord_Howe", "2026-04-04T15:00Z"],
        ),
        integer({ min: -180, max: 180 }),
        ([minutes, hours], [zone = "", change = ""], away) => {
          const after = new Date(Date.parse(change) + away * minute);
          const text = `${minutes.replace(/\/\d$/, "")} ${hours.replace(/\/\d$/, "")} * * *`;
          const options = { timezone: zone, mode: "5-part", fixedTimeRule: "no-wildcard" } as const;
          expect(nextRun(parseCron(text), after.getTime(), zone)).toBe(
            new Cron(text, options).nextRun(after)?.getTime(),
          );
        },
      ),
    );
  });

  it("that comes on leap days runs eight years later, where a century has none", () => {
    const schedule = parseCron("0 0 29 2 *");
    expect(nextRun(schedule, Date.parse("2096-02-29T00:00Z"))).toBe(Date.parse("2104-02-29T00:00Z"));
  });
});

describe("New York, where 2:00 to 3:00 is skipped on 8 March and 1:00 to 2:00 is repeated on 1 November 2026", () => {
  const zone = "America/New_York";
  const spring = ["2026-03-08T05:00Z", "2026-03-08T09:00Z"] as const;
  const autumn = ["2026-11-01T04:00Z", "2026-11-01T08:00Z"] as const;

  it("runs a skipped time once, at the first minute after the gap", () => {
    expect(runs("30 2 * * *", zone, ...spring)).toEqual(["2026-03-08T07:00Z"]);
    expect(runs("*/10 2 * * *", zone, ...spring)).toEqual(["2026-03-08T07:00Z"]);
    expect(runs("0 2,3 * * *", zone, ...spring)).toEqual(["2026-03-08T07:00Z"]);
    expect(runs("15 1-3 * * *", zone, ...spring)).toEqual([
      "2026-03-08T06:15Z",
      "2026-03-08T07:00Z",
      "2026-03-08T07:15Z",
    ]);
    expect(runs("30 2 9 * *", zone, ...spring)).toEqual([]);
  });

  it("runs a repeated time only the first time", () => {
    expect(runs("30 1 * * *", zone, ...autumn)).toEqual(["2026-11-01T05:30Z"]);
    expect(runs("*/30 1 * * *", zone, ...autumn)).toEqual(["2026-11-01T05:00Z", "2026-11-01T05:30Z"]);
    expect(runs("0 0-3 * * *", zone, ...autumn)).toEqual([
      "2026-11-01T04:00Z",
      "2026-11-01T05:00Z",
      "2026-11-01T07:00Z",
    ]);
  });

  it("runs one whose hour begins with * by elapsed time", () => {
    expect(runs("0 * * * *", zone, ...spring)).toEqual([
      "2026-03-08T05:00Z",
      "2026-03-08T06:00Z",
      "2026-03-08T07:00Z",
      "2026-03-08T08:00Z",
    ]);
    expect(runs("30 */2 * * *", zone, ...spring)).toEqual(["2026-03-08T05:30Z", "2026-03-08T08:30Z"]);
    expect(runs("0 * * * *", zone, ...autumn)).toEqual([
      "2026-11-01T04:00Z",
      "2026-11-01T05:00Z",
      "2026-11-01T06:00Z",
      "2026-11-01T07:00Z",
    ]);
  });
});

describe("Lord Howe Island, whose clock is changed by half an hour", () => {
  const zone = "Australia/Lord_Howe";

  it("skips 2:00 to 2:30 on 4 October 2026", () => {
    const spring = ["2026-10-03T15:00Z", "2026-10-03T18:00Z"] as const;
    expect(runs("15 2 * * *", zone, ...spring)).toEqual(["2026-10-03T15:30Z"]);
    expect(runs("45 2 * * *", zone, ...spring)).toEqual(["2026-10-03T15:45Z"]);
    expect(runs("15,45 * * * *", zone, ...spring)).toEqual([
      "2026-10-03T15:15Z",
      "2026-10-03T15:45Z",
      "2026-10-03T16:15Z",
      "2026-10-03T16:45Z",
      "2026-10-03T17:15Z",
      "2026-10-03T17:45Z",
    ]);
  });

  it("repeats 1:30 to 2:00 on 5 April 2026", () => {
    const autumn = ["2026-04-04T14:00Z", "2026-04-04T16:00Z"] as const;
    expect(runs("45 1 * * *", zone, ...autumn)).toEqual(["2026-04-04T14:45Z"]);
    expect(runs("0 2 * * *", zone, ...autumn)).toEqual(["2026-04-04T15:30Z"]);
    expect(runs("45 * * * *", zone, ...autumn)).toEqual(["2026-04-04T14:45Z", "2026-04-04T15:15Z"]);
  });
});

describe("Berlin and Santiago, where the gap is at another hour", () => {
  it("skips 2:00 to 3:00 in Berlin, and repeats it", () => {
    expect(runs("30 2 * * 0", "Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T04:00Z")).toEqual([
      "2026-03-29T01:00Z",
    ]);
    expect(runs("30 2 * * *", "Europe/Berlin", "2026-10-24T23:00Z", "2026-10-25T04:00Z")).toEqual([
      "2026-10-25T00:30Z",
    ]);
  });

  it("skips midnight in Santiago: the day begins at 1:00", () => {
    expect(runs("0 0 * * *", "America/Santiago", "2026-09-06T02:00Z", "2026-09-06T06:00Z")).toEqual([
      "2026-09-06T04:00Z",
    ]);
    expect(nextRun(parseCron("30 0 6 9 *"), Date.parse("2026-01-01T00:00Z"), "America/Santiago")).toBe(
      Date.parse("2026-09-06T04:00Z"),
    );
  });
});
