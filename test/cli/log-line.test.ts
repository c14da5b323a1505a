/** Lines of functions: which ones a filter names, and that a pipe gets them as they are. */
import { describe, expect, it } from "vitest";
import { formatLine, isWanted, logFilter, type LogFilter, type LoggedLine } from "../../framework/cli/log-line.ts";
import { Reporter } from "../../framework/cli/reporter.ts";

const paid = JSON.stringify({ level: "info", message: "paid", requestId: "r1", route: "/orders/:id" });
const failed = JSON.stringify({
  level: "error",
  message: "failed",
  cents: 5,
  error: {
    name: "TypeError",
    message: "no\u001b[2J",
    stack: "TypeError: no\u001b[2J\n    at a",
    cause: { message: "b" },
  },
  requestId: "r1",
});
const time = "2026-11-30T20:41:10.000Z";
const console = `${time}\tr2\tERROR\tr2 Error: no`;

describe("a filter", () => {
  it.each<[filter: LogFilter, line: LoggedLine, isShown: boolean]>([
    [{}, { text: "anything" }, true],
    [{ level: "warn" }, { text: paid }, false],
    [{ level: "info" }, { text: paid }, true],
    [{ level: "error" }, { text: console }, true],
    [{ level: "debug" }, { text: "REPORT RequestId: r1" }, false],
    [{ level: "error" }, { text: "Error: no", level: "exception" }, true],
    [{ level: "info" }, { text: "words", level: "log" }, true],
    [{ level: "warn" }, { text: '{"level":"fatal"}' }, false],
    [{ request: "r1" }, { text: "REPORT RequestId: r1" }, true],
    [{ request: "r1" }, { text: console }, false],
    [{ request: "r2" }, { text: console }, true],
    [{ request: "r1" }, { text: paid }, true],
    [{ request: "info" }, { text: paid }, false],
    [{ request: "r1" }, { text: JSON.stringify({ level: "info", message: "of r1", requestId: "r2" }) }, false],
    [{ request: "r1" }, { text: `${time} r1 Task timed out after 3.00 seconds` }, true],
    [{ request: "r1" }, { text: "r1 Error: no" }, true],
    [{ request: "r1" }, { text: `${time}\tr2\tINFO\tabout r1 and more` }, false],
    [{ level: "error" }, { text: `${time} r1 Task timed out after 3.00 seconds` }, true],
    [{ level: "error" }, { text: "RequestId: r1 Error: Runtime exited with error: exit status 1" }, true],
    [{ route: "/orders/:id" }, { text: paid, request: "GET /orders/7" }, true],
    [{ route: "/orders/{id}" }, { text: paid }, true],
    [{ route: "/orders" }, { text: paid }, false],
    [{ route: "/orders/:id" }, { text: "words", request: "GET /orders/7" }, true],
    [{ route: "/orders/:id" }, { text: "words", request: "GET /orders/7/8" }, false],
    [{ route: "/a.b/:rest+" }, { text: "words", request: "GET /a.b/c/d" }, true],
    [{ route: "/a.b/:rest+" }, { text: "words", request: "GET /a-b/c" }, false],
    [{ route: "/a/:rest*" }, { text: "words", request: "GET /a" }, true],
  ])("%j of %j", (filter, line, isShown) => {
    expect(isWanted(line, filter)).toBe(isShown);
  });

  it("refuses a level that is none, with those that are", () => {
    const input = { flags: { level: "fatal" } } as unknown as Parameters<typeof logFilter>[0];
    expect(() => logFilter(input)).toThrow(expect.objectContaining({ code: "BAD_LEVEL" }) as Error);
  });
});

describe("a line", () => {
  const reporterWith = (colours: boolean): Reporter =>
    Object.assign(new Reporter({ json: false, verbose: false }), { colours });
  // oxlint-disable-next-line no-control-regex
  const bare = (text: string): string => text.replaceAll(/\u001b\[\d+m/g, "");

  it("is as it was written where no colours are shown", () => {
    for (const text of [paid, failed, console]) expect(formatLine({ text }, reporterWith(false))).toBe(text);
  });

  it("has level, message and fields on a terminal, an error below, and no control characters", () => {
    expect(bare(formatLine({ text: paid }, reporterWith(true)))).toBe("INFO  paid requestId=r1 route=/orders/:id");
    expect(bare(formatLine({ text: failed }, reporterWith(true)))).toBe(
      'ERROR failed cents=5 requestId=r1\n  "TypeError: no\\u001b[2J"\n      at a\n  caused by: b',
    );
    expect(formatLine({ text: paid }, reporterWith(true))).toContain("\u001b[32m");
  });
});
