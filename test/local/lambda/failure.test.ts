/** How calls fail: what Invoke answers, what the developer is told, and that the next call is served. */
import { describe, expect, it } from "vitest";
import { alive, functionOf, start, until } from "./harness.ts";

describe("a handler that throws", () => {
  it("gives its error as AWS's client posts it, and keeps the environment", async () => {
    const { call, lines } = start();
    const fn = functionOf(`export const handler = async ({ ok }) => { if (ok) return 1; throw new TypeError("boom"); };`);
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

describe("an error reported out of band", () => {
  it("is in the outcome and on stderr, not in the answer", async () => {
    const { call, lines } = start();
    const fn = functionOf(
      `export const handler = async (event, { awsRequestId }) => { if (event.fail) porticoReport(new RangeError("secret " + "x".repeat(200000)), awsRequestId); return { statusCode: event.fail ? 500 : 200 }; };`,
    );
    const outcome = await call(fn, { fail: true });
    expect(outcome).toMatchObject({
      value: { statusCode: 500 },
      failure: { name: "RangeError", message: expect.stringMatching(/^secret x{200000}$/) },
    });
    expect(outcome.functionError).toBeUndefined();
    expect(lines.filter(({ stream, text }) => stream === "stderr" && text.includes("secret"))).not.toEqual([]);
    expect((await call(fn)).failure).toBeUndefined();
  });
});

it("does not keep what was printed until the next event, however much it is", async () => {
  const { call, lines } = start();
  const fn = functionOf(
    `export const handler = async () => { console.error("x".repeat(3_000_000)); console.log("y".repeat(3_000_000)); };`,
  );
  await call(fn);
  expect(lines.map(({ text }) => text.length).filter((length) => length >= 3_000_000)).toHaveLength(2);
});

describe("init", () => {
  it.each([
    [`throw new Error("at the top")`, { errorType: "Error", errorMessage: "at the top" }, "at the top"],
    [`export const handler = () => {`, { errorType: "Runtime.UserCodeSyntaxError" }, "Unexpected end of input"],
    [`import "./missing.mjs"; export const handler = () => 1;`, { errorType: "Runtime.ImportModuleError" }, "missing.mjs"],
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
      ...{ value: expected, functionError: "Unhandled", cold: true },
      failure: { message: expect.stringContaining(message) },
    });
  });
});

describe("a call that ends its environment", () => {
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

  it("runs out of time", async () => {
    const { call } = start();
    const fn = functionOf(`export const handler = async ({ ok }) => { if (ok) return process.pid; for (;;); };`, { timeout: 1 });
    const before = (await call(fn, { ok: true })).value as number;
    expect(await call(fn, {}, "r1")).toMatchObject({
      value: { errorType: "Sandbox.Timedout", errorMessage: "RequestId: r1 Error: Task timed out after 1.00 seconds" },
      ...{ functionError: "Unhandled", timedOut: true },
    });
    expect(alive(before)).toBe(false);
    expect((await call(fn, { ok: true })).cold).toBe(true);
  });

  it.skipIf(process.platform !== "linux")("runs out of memory", async () => {
    const { call } = start();
    const fn = functionOf(
      `const held = []; export const handler = async () => { for (;;) { held.push(Buffer.alloc(16e6, 1)); await new Promise((done) => setTimeout(done, 10)); } };`,
      { memory: 128 },
    );
    expect(await call(fn, {}, "r1")).toMatchObject({
      value: { errorType: "Runtime.ExitError", errorMessage: "RequestId: r1 Error: Runtime exited with error: signal: killed" },
      failure: { message: "the function used more than its 128 MB of memory" },
    });
  });
});

it("a handler that writes into the pipe of its events ends its environment", async () => {
  const { call } = start();
  const fn = functionOf(
    `import { writeSync } from "node:fs"; export const handler = async ({ garbage }) => { if (!garbage) return 1; writeSync(4, "garbage garbage garbage"); await new Promise((done) => setTimeout(done, 60000)); };`,
  );
  expect(await call(fn, { garbage: true }, "r1")).toMatchObject({
    value: { errorType: "Runtime.ExitError", errorMessage: "RequestId: r1 Error: Runtime exited with error: signal: killed" },
  });
  expect(await call(fn)).toMatchObject({ value: 1, cold: true });
});
