/** Init as Lambda runs it: bounded, and once more within the invocation when it failed. */
// @module-tag isolated
import { describe, expect, it } from "vitest";
import { until } from "../../until.ts";
import { alive, functionOf, start } from "./harness.ts";

/** Runs `first` at a function's first init only: what it leaves in TMPDIR outlives that. */
const onceOnly = (first: string, rest = ""): string =>
  `import { existsSync, writeFileSync } from "node:fs"; import { tmpdir } from "node:os";
const mark = tmpdir() + "/tried"; const tries = existsSync(mark) ? 2 : 1; writeFileSync(mark, "");
console.log("init " + tries + " of " + process.pid);
if (tries === 1) { ${first} } ${rest}
export const handler = async (event, context) => ({ tries, pid: process.pid,
left: context.getRemainingTimeInMillis(), stream: context.logStreamName });`;

const textOf = (lines: readonly { readonly text: string; readonly platform?: boolean }[]): string[] =>
  lines.map(({ text }) =>
    text
      .replaceAll(/\d+\.\d\d ms/g, "N ms")
      .replaceAll(/Billed Duration: \d+|Max Memory Used: \d+/g, (found) => found.replace(/\d+/, "N"))
      .replace(/ of \d+/, ""),
  );

describe("a first init that fails", () => {
  it.each([
    ["throws", `throw new Error("once");`],
    ["exits", "process.exit(3);"],
    ["takes too long", "await new Promise((done) => setTimeout(done, 60000));"],
    [
      "takes too much memory",
      "globalThis.held = Buffer.alloc(200e6, 1); await new Promise((done) => setTimeout(done, 60000));",
    ],
  ])("because it %s is repeated within the invocation", async (why, first) => {
    if (why.includes("memory") && process.platform !== "linux") return;
    // Longer than a start takes on a busy machine.
    const initLimitMs = why.includes("long") ? 3000 : 300_000;
    const { call, lines } = start({ initLimitMs, platformLines: true });
    const outcome = await call(functionOf(onceOnly(first), { memory: 192 }), {}, "r1");
    expect(outcome).toMatchObject({ value: { tries: 2 }, cold: true });
    expect([outcome.functionError, outcome.failure, outcome.initMs]).toEqual([undefined, undefined, undefined]);
    // The second init is a part of the invocation's time.
    const { left } = outcome.value as { left: number };
    expect(left).toBeLessThan(299_990);
    expect(outcome.durationMs).toBeGreaterThan(5);
    expect(textOf(lines).filter((text) => /^(init|INIT|START|END|REPORT)/.test(text))).toEqual([
      "init 1",
      expect.stringMatching(
        new RegExp(
          String.raw`^INIT_REPORT Init Duration: N ms\tPhase: init` +
            String.raw`\tStatus: (error\tError Type: ` +
            String.raw`(Runtime\.Unknown|Runtime\.ExitError|Runtime\.OutOfMemory)|timeout)$`,
        ),
      ),
      "init 2",
      "START RequestId: r1 Version: 7",
      "END RequestId: r1",
      "REPORT RequestId: r1\tDuration: N ms\tBilled Duration: N ms\tMemory Size: 192 MB\tMax Memory Used: N MB",
    ]);
  });

  it("and fails again is the call's error; the next call starts a new environment", async () => {
    const { call, lines } = start({ platformLines: true });
    const fn = functionOf(`console.log("init"); throw new Error("always");`);
    for (const id of ["r1", "r2"]) {
      expect(await call(fn, {}, id)).toMatchObject({
        value: { errorType: "Error", errorMessage: "always" },
        functionError: "Unhandled",
        cold: true,
      });
    }
    const shown = textOf(lines).filter((text) => /^(init|INIT|START|END|REPORT)/.test(text));
    const once = (id: string): unknown[] => [
      ...["init", "INIT_REPORT Init Duration: N ms\tPhase: init\tStatus: error\tError Type: Runtime.Unknown"],
      ...["init", "INIT_REPORT Init Duration: N ms\tPhase: invoke\tStatus: error\tError Type: Runtime.Unknown"],
      ...[`START RequestId: ${id} Version: 7`, `END RequestId: ${id}`],
      expect.stringMatching(
        new RegExp(`^REPORT RequestId: ${id}\\tDuration: N ms\\t.*\\tStatus: error\\tError Type: Runtime.Unknown$`),
      ),
    ];
    expect(shown).toEqual([...once("r1"), ...once("r2")]);
  });

  it("and runs into the function's timeout when repeated is a timeout", async () => {
    const { call, lines } = start({ initLimitMs: 3000 });
    const fn = functionOf(
      `console.log(process.pid); await new Promise((done) => setTimeout(done, 60000)); export const handler = () => 1;`,
      { timeout: 3 },
    );
    expect(await call(fn, {}, "r1")).toMatchObject({
      value: { errorType: "Sandbox.Timedout", errorMessage: "RequestId: r1 Error: Task timed out after 3.00 seconds" },
      timedOut: true,
      cold: true,
    });
    // The first one may be ended before it prints.
    expect(lines.length).toBeGreaterThan(0);
    await until(() => !lines.some(({ text }) => alive(Number(text))));
  });

  it("keeps its log stream and its temporary folder, and the environment serves the next call", async () => {
    const { call } = start();
    const fn = functionOf(onceOnly("process.exit(1);"));
    const first = (await call(fn)).value as { pid: number; stream: string };
    expect(await call(fn)).toMatchObject({ value: { pid: first.pid, stream: first.stream, tries: 2 }, cold: false });
  });
});

it("an init within its limit may be longer than the function's timeout", async () => {
  const { call } = start();
  const fn = functionOf(
    `await new Promise((done) => setTimeout(done, 2300)); export const handler = async () => "fine";`,
    { timeout: 2 },
  );
  const outcome = await call(fn);
  expect(outcome).toMatchObject({ value: "fine", cold: true });
  expect(outcome.initMs).toBeGreaterThan(2250);
});
