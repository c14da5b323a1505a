/** Lambda's logs: its own lines, and console in both formats. */
// @module-tag isolated
import { describe, expect, it } from "vitest";
import { createEventLog } from "../../../framework/emulation/lambda/environment-log.ts";
import { functionOf, start } from "./harness.ts";

const code = `export const handler = async (event) => {
  if (event.exit) process.exit(2);
  if (event.wait) await new Promise((done) => setTimeout(done, event.wait));
  if (event.fail) throw Object.assign(new RangeError("no"), { code: "E_NO" });
  console.log("two\\nlines", { a: 1 }); console.info({ b: [2] }); console.warn("w");
  console.error(new TypeError("bad")); console.debug("d"); console.trace("t"); console.fatal("f");
  process.stdout.write("bare\\n");
  console.log(1n); console.log();
  return 1;
};`;

const shown = (lines: readonly { readonly text: string }[]): string[] =>
  lines.map(({ text }) =>
    text
      .replace(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z/, "TIME")
      .replaceAll(/Duration: [\d.]+|Used: \d+/g, (found) => found.replace(/[\d.]+/, "N")),
  );

describe("Lambda's own lines", () => {
  it("are START, END and REPORT for each event, with the init of a cold start", async () => {
    const { call, lines } = start({ platformLines: true });
    const fn = functionOf(`export const handler = async () => console.log("mine");`);
    await call(fn, {}, "r1");
    await call(fn, {}, "r2");
    const report = "Duration: N ms\tBilled Duration: N ms\tMemory Size: 256 MB\tMax Memory Used: N MB";
    expect(shown(lines)).toEqual([
      ...[
        "START RequestId: r1 Version: 7",
        "mine",
        "END RequestId: r1",
        `REPORT RequestId: r1\t${report}\tInit Duration: N ms`,
      ],
      ...["START RequestId: r2 Version: 7", "mine", "END RequestId: r2", `REPORT RequestId: r2\t${report}`],
    ]);
    expect(lines.map(({ platform = false }) => platform)).toEqual([true, false, true, true, true, false, true, true]);
    const used = /Max Memory Used: (\d+)/.exec(lines[3]!.text)?.[1];
    if (process.platform === "linux") expect(Number(used)).toBeGreaterThan(3);
  });

  it("bill whole milliseconds, including init", async () => {
    const { call, lines } = start({ platformLines: true });
    await call(functionOf(`export const handler = async () => 1;`));
    const [, duration, billed, init] =
      /\tDuration: ([\d.]+) ms\tBilled Duration: (\d+) ms\t.*\tInit Duration: ([\d.]+) ms/.exec(lines.at(-1)!.text)!;
    expect(Math.abs(Number(billed) - Number(duration) - Number(init))).toBeLessThan(1.02);
  });

  it("report an environment that ends without a response", async () => {
    const { call, lines } = start({ platformLines: true });
    const fn = functionOf(code, { timeout: 2 });
    await call(fn, { exit: true }, "r1");
    await call(fn, { wait: 60_000 }, "r2");
    const rest = "Memory Size: 256 MB\tMax Memory Used: N MB\tInit Duration: N ms";
    expect(shown(lines)).toEqual([
      ...[
        "START RequestId: r1 Version: 7",
        "RequestId: r1 Error: Runtime exited with error: exit status 2",
        "Runtime.ExitError",
        "END RequestId: r1",
      ],
      `REPORT RequestId: r1\tDuration: N ms\tBilled Duration: N ms\t${rest}\t` +
        "Status: error\tError Type: Runtime.ExitError",
      ...["START RequestId: r2 Version: 7", "TIME r2 Task timed out after 2.00 seconds", "", "END RequestId: r2"],
      `REPORT RequestId: r2\tDuration: N ms\tBilled Duration: N ms\t${rest}\tStatus: timeout`,
    ]);
  });

  it("are not written by default", async () => {
    const { call, lines } = start();
    await call(functionOf(`export const handler = async () => console.log("mine");`));
    expect(lines.map(({ text }) => text)).toEqual(["mine"]);
  });
});

describe("console", () => {
  it("writes AWS's text format", async () => {
    const { call, lines } = start();
    const fn = functionOf(`console.log("at init"); ${code}`, { logFormat: "Text" });
    await call(fn, {}, "r1");
    await call(fn, { fail: true }, "r2");
    expect(new Set(lines.map(({ stream }) => stream))).toEqual(new Set(["stdout"]));
    expect(shown(lines)).toEqual([
      ...[
        "TIME\t-\tINFO\tat init",
        "TIME\tr1\tINFO\ttwo\rlines { a: 1 }",
        "TIME\tr1\tINFO\t{ b: [ 2 ] }",
        "TIME\tr1\tWARN\tw",
      ],
      expect.stringMatching(/^TIME\tr1\tERROR\tTypeError: bad\r {4}at /),
      ...[
        "TIME\tr1\tDEBUG\td",
        "TIME\tr1\tTRACE\tt",
        "TIME\tr1\tFATAL\tf",
        "bare",
        "TIME\tr1\tINFO\t1n",
        "TIME\tr1\tINFO\tundefined",
      ],
      expect.stringMatching(
        new RegExp(
          String.raw`^TIME\tr2\tERROR\tInvoke Error \t\{"errorType":"RangeError",` +
            String.raw`"errorMessage":"no","code":"E_NO","stack":\["RangeError: no","    at `,
        ),
      ),
    ]);
  });

  it("writes AWS's JSON format, from the configured level on", async () => {
    const { call, lines } = start({ platformLines: true });
    const fn = functionOf(code, { logFormat: "JSON", logLevel: "INFO" });
    await call(fn, {}, "r1");
    await call(fn, { fail: true }, "r2");
    const entry = (level: string, message: unknown, requestId = "r1"): object => ({
      timestamp: expect.stringMatching(/Z$/),
      level,
      requestId,
      message,
    });
    const bare = lines.findIndex(({ text }) => text === "bare");
    expect(bare).toBe(6);
    const entries = lines.filter((_, at) => at !== bare).map(({ text }) => JSON.parse(text) as unknown);
    const metrics = {
      durationMs: expect.any(Number),
      billedDurationMs: expect.any(Number),
      memorySizeMB: 256,
      maxMemoryUsedMB: expect.any(Number),
    };
    const platform = (type: string, record: object): object => ({
      time: expect.stringMatching(/Z$/),
      type: `platform.${type}`,
      record,
    });
    const error = (errorType: string, errorMessage: string): object => ({
      errorType,
      errorMessage,
      stackTrace: expect.arrayContaining([`${errorType}: ${errorMessage}`]),
    });
    expect(entries).toEqual([
      platform("start", { requestId: "r1", version: "7" }),
      ...[
        entry("INFO", "two\nlines { a: 1 }"),
        entry("INFO", { b: [2] }),
        entry("WARN", "w"),
        entry("ERROR", error("TypeError", "bad")),
      ],
      ...[entry("FATAL", "f"), entry("INFO", "1n"), { timestamp: expect.any(String), level: "INFO", requestId: "r1" }],
      platform("report", {
        requestId: "r1",
        metrics: { ...metrics, initDurationMs: expect.any(Number) },
        status: "success",
      }),
      platform("start", { requestId: "r2", version: "7" }),
      entry("ERROR", { ...error("RangeError", "no"), code: "E_NO" }, "r2"),
      platform("report", { requestId: "r2", metrics, status: "error", errorType: "Runtime.Unknown" }),
    ]);
  });
});

describe("the tail of a log", () => {
  it("is its last 4 KB", () => {
    const tail = createEventLog({ requestId: "1", arn: "arn", tail: true }).tail!;
    for (let at = 0; at < 1000; at++) tail.add(`line ${at}`);
    const text = Buffer.from(tail.bytes()).toString();
    expect(text).toHaveLength(4096);
    expect(text.endsWith("line 998\nline 999\n")).toBe(true);
  });
});
