/** Reading of cron expressions: the values of each field, and errors that name the field. */
import { describe, expect, it } from "vitest";
import { parseCron } from "../../framework/model/cron.ts";
import { UserError } from "../../framework/model/user-error.ts";

function errorOf(text: string): UserError {
  try {
    parseCron(text);
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  throw new Error(`"${text}" was read`);
}

describe("parseCron", () => {
  it("reads numbers, names, lists, ranges and steps", () => {
    expect(parseCron("0,30 9-17/4 1 JAN,jun-aug mon-FRI")).toEqual({
      minute: [0, 30],
      hour: [9, 13, 17],
      day: [1],
      month: [1, 6, 7, 8],
      weekday: [1, 2, 3, 4, 5],
      everyHour: false,
      eitherDay: true,
    });
    expect(parseCron(" */20  *\t* * * ")).toEqual({
      minute: [0, 20, 40],
      hour: null,
      day: null,
      month: null,
      weekday: null,
      everyHour: true,
      eitherDay: false,
    });
  });

  it("takes 0, 7 and sun for Sunday, also at the end of a range", () => {
    expect(parseCron("0 0 * * 0").weekday).toEqual([0]);
    expect(parseCron("0 0 * * 7").weekday).toEqual([0]);
    expect(parseCron("0 0 * * fri-sun").weekday).toEqual([0, 5, 6]);
    expect(parseCron("0 0 * * sun-tue").weekday).toEqual([0, 1, 2]);
    expect(parseCron("0 0 * * 0-7").weekday).toBeNull();
  });

  it("lets either day field suffice if neither begins with *", () => {
    expect(parseCron("0 0 1 * 1").eitherDay).toBe(true);
    expect(parseCron("0 0 */2 * 1").eitherDay).toBe(false);
    expect(parseCron("0 0 1 * *").eitherDay).toBe(false);
  });

  it.each([
    ["60 * * * *", 'the minute cannot be "60"', "0 to 59"],
    ["* 24 * * *", 'the hour cannot be "24"', "0 to 23"],
    ["* * 0 * *", 'the day of the month cannot be "0"', "1 to 31"],
    ["* * * 13 *", 'the month cannot be "13"', "1 to 12 or jan to dec"],
    ["* * * * 8", 'the day of the week cannot be "8"', "0 to 7 or sun to sat"],
    ["* * * * mom", 'the day of the week cannot be "mom"; did you mean "mon"?', "sun to sat"],
    ["5-1 * * * *", 'the minute cannot be "5-1"', "A range ascends"],
    ["5/10 * * * *", 'the minute cannot be "5/10"', "A step follows * or a range: 5-59/10"],
    ["*/0 * * * *", 'the minute cannot be "*/0"', "*/2"],
    ["1- * * * *", 'the minute cannot be "1-"', "0 to 59"],
    [", * * * *", 'the minute cannot be ""', "0 to 59"],
    ["* * L * *", 'the day of the month cannot be "L"', "1 to 31"],
    ["? * * * *", 'the minute cannot be "?"', "0 to 59"],
    ["* * * *", "has 4", "minute, hour"],
    ["* * * * * *", "has 6", "minute, hour"],
    ["@daily", "has 1", "minute, hour"],
    ["", "has 0", "minute, hour"],
    ["0 0 30 2 *", "no month of 2 has the day 30", "1 to 28"],
    ["0 0 31 4,jun *", "no month of 4,jun has the day 31", "1 to 28"],
  ])("refuses %j, and says why", (text, message, fix) => {
    const error = errorOf(text);
    expect(error.code).toBe("CRON");
    expect(`${error.message} | ${error.fix}`).toContain(message);
    expect(`${error.message} | ${error.fix}`).toContain(fix);
  });

  it("takes a leap day, and a weekday beside a day that no month has", () => {
    expect(parseCron("0 0 29 2 *").day).toEqual([29]);
    expect(parseCron("0 0 30 2 1").eitherDay).toBe(true);
  });

  it("keeps the place of the text", () => {
    expect(() => parseCron("x", { file: "hosting.json", line: 3 })).toThrow(
      expect.objectContaining({ at: [{ file: "hosting.json", line: 3 }] }),
    );
  });
});
