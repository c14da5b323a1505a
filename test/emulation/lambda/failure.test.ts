/** Failed invocations: Invoke's result, the developer's failure, and the next event. */
// @module-tag isolated
import { describe, expect, it } from "vitest";
import { until } from "../../until.ts";
import { alive, functionOf, start } from "./harness.ts";

describe("a handler that throws", () => {
  it("returns its error as AWS's client posts it, and keeps the environment", async () => {
    const { call, lines } = start();
    const fn = functionOf(
      `export const handler = async ({ ok }) => { if (ok) return 1; throw new TypeError("boom"); };`,
    );
    const outcome = await call(fn);
    expect(outcome).toMatchObject({
      value: {
        errorType: "TypeError",
        errorMessage: "boom",
        trace: expect.arrayContaining(["TypeError: boom", expect.stringContaining("index.mjs:1:")]),
      },
      functionError: "Unhandled",
      failure: { name: "TypeError", message: "boom", stack: expect.stringContaining("index.mjs:1:") },
    });
    expect(lines.filter(({ text }) => text.includes("TypeError: boom"))).toHaveLength(1);
    expect(await call(fn, { ok: true })).toMatchObject({ value: 1, cold: false });
  });

  it.each([
    [`throw "text"`, { errorType: "string", errorMessage: "text", trace: [] }],
    [`return 1n`, { errorType: "Runtime.JSONStringifyError", errorMessage: "Unable to stringify response body" }],
    [`const a = {}; a.a = a; return a`, { errorType: "Runtime.JSONStringifyError" }],
  ])("%s", async (body, expected) => {
    const { call } = start();
    expect(await call(functionOf(`export const handler = async () => { ${body}; };`))).toMatchObject({
      value: expected,
      functionError: "Unhandled",
    });
  });
});

describe("a reported error", () => {
  it("is only in the result's failure, neither in the response nor in the log", async () => {
    const { call, lines } = start();
    const fn = functionOf(
      `export const handler = async (event, { awsRequestId }) => {
        if (event.fail) porticoReport(new RangeError("secret " + "x".repeat(200000)), awsRequestId);
        return { statusCode: event.fail ? 500 : 200 }; };`,
    );
    const outcome = await call(fn, { fail: true });
    expect(outcome).toMatchObject({
      value: { statusCode: 500 },
      failure: { name: "RangeError", message: expect.stringMatching(/^secret x{200000}$/) },
    });
    expect(outcome.functionError).toBeUndefined();
    expect(lines).toEqual([]);
    expect((await call(fn)).failure).toBeUndefined();
  });
});

it("delivers all output with its own event, however much it is", async () => {
  const { call, lines } = start();
  const fn = functionOf(
    `export const handler = async () => { console.error("x".repeat(3_000_000)); console.log("y".repeat(3_000_000)); };`,
  );
  await call(fn);
  expect(lines.map(({ text }) => text.length).filter((length) => length >= 3_000_000)).toHaveLength(2);
});

describe("an init that fails", () => {
  it.each([
    [`throw new Error("at the top")`, { errorType: "Error", errorMessage: "at the top" }, "at the top"],
    [`export const handler = () => {`, { errorType: "Runtime.UserCodeSyntaxError" }, "Unexpected end of input"],
    [
      `import "./missing.mjs"; export const handler = () => 1;`,
      { errorType: "Runtime.ImportModuleError" },
      "missing.mjs",
    ],
    [
      `export const other = 1;`,
      { errorType: "Runtime.HandlerNotFound", errorMessage: "index.handler is undefined or not exported" },
      "index.handler",
    ],
    [`export const handler = 1;`, { errorType: "Runtime.HandlerNotFound" }, "not a function"],
    [
      `export const handler = (event, context, callback) => callback(null, 1);`,
      { errorType: "Runtime.CallbackHandlerDeprecated" },
      "callback",
    ],
    [
      `process.exit(3)`,
      { errorType: "Runtime.ExitError", errorMessage: "RequestId: r1 Error: Runtime exited with error: exit status 3" },
      "exit status 3",
    ],
  ])("%s", async (code, expected, message) => {
    const { call } = start();
    expect(await call(functionOf(code), {}, "r1")).toMatchObject({
      value: expected,
      functionError: "Unhandled",
      cold: true,
      failure: { message: expect.stringContaining(message) },
    });
  });
});

describe("a call that ends its environment fails", () => {
  it.each([
    ["process.exit(1)", "Runtime exited with error: exit status 1", undefined],
    ["process.exit(0)", "Runtime exited without providing a reason", undefined],
    [
      `process.kill(process.pid, "SIGKILL"); await new Promise((done) => setTimeout(done, 1000))`,
      "Runtime exited with error: signal: killed",
      undefined,
    ],
    [
      `setTimeout(() => { throw new Error("later"); }); await new Promise((done) => setTimeout(done, 1000))`,
      "Runtime exited with error: exit status 1",
      "later",
    ],
    [
      `Promise.reject(new Error("nobody")); await new Promise((done) => setTimeout(done, 1000))`,
      "Runtime exited with error: exit status 1",
      "nobody",
    ],
    [`await new Promise(() => {})`, "Runtime exited without providing a reason", undefined],
  ])("%s", async (body, text, message) => {
    const { call } = start();
    const fn = functionOf(`export const handler = async ({ ok }) => { if (ok) return process.pid; ${body}; };`);
    const before = (await call(fn, { ok: true })).value as number;
    const { value, functionError, failure } = await call(fn, {}, "r1");
    expect(value).toEqual({ errorType: "Runtime.ExitError", errorMessage: `RequestId: r1 Error: ${text}` });
    expect([functionError, failure?.message]).toEqual(["Unhandled", message ?? `RequestId: r1 Error: ${text}`]);
    await until(() => !alive(before));
    expect((await call(fn, { ok: true })).cold).toBe(true);
  });

  it("at its timeout", async () => {
    const { call } = start();
    const fn = functionOf(`export const handler = async ({ ok }) => { if (ok) return process.pid; for (;;); };`, {
      timeout: 2,
    });
    const before = (await call(fn, { ok: true })).value as number;
    expect(await call(fn, {}, "r1")).toMatchObject({
      value: { errorType: "Sandbox.Timedout", errorMessage: "RequestId: r1 Error: Task timed out after 2.00 seconds" },
      functionError: "Unhandled",
      timedOut: true,
    });
    await until(() => !alive(before));
    expect((await call(fn, { ok: true })).cold).toBe(true);
  });

  it.skipIf(process.platform !== "linux")("at its memory limit", async () => {
    const { call } = start();
    const fn = functionOf(
      `const held = []; export const handler = async () => { for (;;) { held.push(Buffer.alloc(16e6, 1));
        await new Promise((done) => setTimeout(done, 10)); } };`,
      { memory: 128 },
    );
    expect(await call(fn, {}, "r1")).toMatchObject({
      value: {
        errorType: "Runtime.ExitError",
        errorMessage: "RequestId: r1 Error: Runtime exited with error: signal: killed",
      },
      failure: { message: "the function used more than its 128 MB of memory" },
    });
  });
});
