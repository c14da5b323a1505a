/** The Lambda runtime with real processes: what functions see, how events end, and what remains of them. */
// @module-tag isolated
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { until } from "../../until.ts";
import { alive, functionOf, start } from "./harness.ts";

const pid = `export const handler = async () => process.pid;`;

describe("a call", () => {
  it("passes the event and AWS's context to the handler", async () => {
    const { call } = start();
    const fn = functionOf(
      `export const handler = async (event, context) => ({ event, context,
        left: context.getRemainingTimeInMillis() });`,
    );
    const { value, cold, functionError, initMs } = await call(fn, { a: "한" }, "request-x");
    expect(value).toEqual({
      event: { a: "한" },
      context: {
        awsRequestId: "request-x",
        functionName: "app--dev--hello",
        functionVersion: "7",
        invokedFunctionArn: "arn:aws:lambda:ap-northeast-2:111122223333:function:app--dev--hello:7",
        logGroupName: "/aws/lambda/app--dev--hello",
        logStreamName: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[7\][0-9a-f]{32}$/),
        memoryLimitInMB: "256",
        xRayTraceId: expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/),
      },
      left: expect.any(Number),
    });
    expect((value as { left: number }).left).toBeGreaterThan(1000);
    expect((value as { left: number }).left).toBeLessThanOrEqual(300_000);
    expect([cold, functionError, typeof initMs]).toEqual([true, undefined, "number"]);
  });

  it("keeps its environment for the next call", async () => {
    const { call } = start();
    const fn = functionOf(`let count = 0; export const handler = () => ({ pid: process.pid, count: ++count });`);
    const first = await call(fn);
    const second = await call(fn);
    expect(second.value).toEqual({ pid: (first.value as { pid: number }).pid, count: 2 });
    expect([first.cold, second.cold, second.initMs]).toEqual([true, false, undefined]);
  });

  it("returns null for undefined, and the value of a synchronous handler", async () => {
    const { call } = start();
    expect((await call(functionOf(`export const handler = async () => {};`))).value).toBe(null);
    expect((await call(functionOf(`export const handler = () => "plain";`, { hash: "2" }))).value).toBe("plain");
  });

  it("logs printed lines unchanged, also those of child processes", async () => {
    const { call, lines } = start();
    await call(
      functionOf(
        `import { execFileSync } from "node:child_process";
          export const handler = async () => { console.log("one\\ntwo"); console.error("안녕");
          execFileSync(process.execPath, ["-e", "console.log(3)"], { stdio: "inherit" }); };`,
      ),
    );
    expect(lines.filter(({ stream }) => stream === "stdout")).toEqual(
      ["one", "two", "3"].map((text) => ({ function: "hello", stream: "stdout", text })),
    );
    expect(lines.filter(({ stream }) => stream === "stderr")).toEqual([
      { function: "hello", stream: "stderr", text: "안녕" },
    ]);
  });

  it("accepts events and results of 6 MB and refuses larger ones", async () => {
    const { call } = start();
    const fn = functionOf(`export const handler = async ({ size }) => "x".repeat(size - 2);`);
    expect((await call(fn, { size: 6_291_556, pad: "y".repeat(6_000_000) })).value).toHaveLength(6_291_554);
    const { value, functionError, failure } = await call(fn, { size: 6_291_557 });
    expect(value).toEqual({
      errorType: "Function.ResponseSizeTooLarge",
      errorMessage: "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    });
    expect([functionError, failure?.name]).toEqual(["Unhandled", "Function.ResponseSizeTooLarge"]);
    expect((await call(fn, { size: 10 })).cold).toBe(false);
  });
});

describe("the environment", () => {
  it("has Lambda's variables and none of the developer's", async () => {
    process.env["AWS_SECRET_ACCESS_KEY"] = "do-not-leak";
    process.env["PORTICO_TEST_LEAK"] = "do-not-leak";
    try {
      const { call } = start();
      const fn = functionOf(
        `export const handler = async () => ({ ...process.env, cwd: process.cwd(),
          zone: Intl.DateTimeFormat().resolvedOptions().timeZone, awslambda: typeof awslambda });`,
        {
          env: { GREETING: "hello", SESSION_KEY: "s" },
        },
      );
      const value = (await call(fn)).value as Record<string, string>;
      expect(JSON.stringify(value)).not.toContain("do-not-leak");
      expect(
        Object.keys(value).filter((key) => /HOME|AWS_(ACCESS|SECRET|SESSION|PROFILE)|NODE_OPTIONS|VITEST/.test(key)),
      ).toEqual([]);
      expect(value).toMatchObject({
        GREETING: "hello",
        SESSION_KEY: "s",
        PORTICO_ENV: "GREETING,SESSION_KEY",
        TZ: ":UTC",
        zone: "UTC",
        _HANDLER: "index.handler",
        LAMBDA_TASK_ROOT: fn.directory,
        cwd: fn.directory,
        AWS_REGION: "ap-northeast-2",
        AWS_LAMBDA_FUNCTION_NAME: "app--dev--hello",
        AWS_LAMBDA_FUNCTION_VERSION: "7",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
        AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
        awslambda: "object",
      });
    } finally {
      delete process.env["AWS_SECRET_ACCESS_KEY"];
      delete process.env["PORTICO_TEST_LEAK"];
    }
  });

  it("has the PORTICO_ENV that a deploy sets", async () => {
    const { call } = start();
    const fn = functionOf(`export const handler = async () => process.env.PORTICO_ENV;`, {
      env: { A: "1", PORTICO_ENV: "A" },
    });
    expect((await call(fn)).value).toBe("A");
  });

  it.skipIf(process.platform === "win32")("is frozen between calls", async () => {
    const { call } = start();
    const fn = functionOf(
      `let ticks = 0; setInterval(() => ticks++, 5);
        export const handler = async ({ least = 0 }) => {
        while (ticks < least) await new Promise((done) => setTimeout(done, 5)); return ticks; };`,
    );
    await call(fn, { least: 5 });
    const before = (await call(fn)).value as number;
    await new Promise((done) => setTimeout(done, 400));
    // One tick that was due may come as it thaws, and a few around the polls; 80 would if it ran on.
    expect(((await call(fn)).value as number) - before).toBeLessThan(20);
  });

  it("runs one call at a time; concurrent calls start more environments", async () => {
    const { call } = start();
    // Nobody is answered before two wait for it: a second environment has to come.
    const held: (() => void)[] = [];
    const gate = createServer((_, response) => {
      held.push(() => response.end());
      if (held.length > 1) for (const answer of held) answer();
    });
    onTestFinished(() => void gate.close());
    await new Promise<void>((ready) => gate.listen(0, "127.0.0.1", ready));
    const { port } = gate.address() as AddressInfo;
    const fn = functionOf(
      `let running = 0; export const handler = async () => { const now = ++running;
        await (await fetch("http://127.0.0.1:${port}")).text(); running--; return { pid: process.pid, now }; };`,
    );
    const values = (await Promise.all(Array.from({ length: 20 }, () => call(fn)))).map(
      ({ value }) => value as { pid: number; now: number },
    );
    expect(values.map(({ now }) => now)).toEqual(Array.from({ length: 20 }, () => 1));
    expect(new Set(values.map((value) => value.pid)).size).toBeGreaterThan(1);
  });

  it("serves many short concurrent calls, but fewer environments than calls start", async () => {
    const { call } = start({ maxEnvironments: 100 });
    const fn = functionOf(pid);
    await call(fn);
    const values = await Promise.all(Array.from({ length: 40 }, async () => (await call(fn)).value));
    // How many there are depends on how busy the machine is; an event each would be 40.
    expect(new Set(values).size).toBeLessThan(values.length);
  });

  it("lets calls wait, also of other functions, when no more environments may be started", async () => {
    const { call } = start({ maxEnvironments: 2 });
    const one = functionOf(pid);
    const two = functionOf(pid, { id: "two" });
    const outcomes = await Promise.all([one, one, one, two, two, one].map((fn) => call(fn)));
    expect(outcomes.filter(({ functionError }) => functionError)).toEqual([]);
    expect((await call(two)).functionError).toBeUndefined();
  });

  it("of an older build ends once it is idle; the newer build's serves", async () => {
    const { call, runtime } = start();
    const old = functionOf(pid);
    const first = (await call(old)).value as number;
    const busy = call(
      functionOf(
        `export const handler = async () => { await new Promise((done) => setTimeout(done, 200)); return process.pid;
          };`,
        {
          hash: "slow",
        },
      ),
    );
    const kept = (await call({ ...old, hash: "2" })).value as number;
    runtime.retire("hello", "2");
    await until(() => !alive(first));
    const slow = (await busy).value as number;
    await until(() => !alive(slow));
    expect(alive(kept)).toBe(true);
    expect(await call({ ...old, hash: "2" })).toMatchObject({ value: kept, cold: false });
  });

  it("ends when it is idle, and close() leaves no process", async () => {
    const { call } = start({ idleMs: 50 });
    const idle = (await call(functionOf(pid))).value as number;
    await until(() => !alive(idle));
    const { call: other, runtime, lines } = start();
    const fn = functionOf(
      `import { spawn } from "node:child_process";
        export const handler = async () => [process.pid, spawn(process.execPath, ["-e", "setInterval(() => {}, 9)"],
        { stdio: "inherit" }).pid];`,
    );
    const pids = (await other(fn)).value as number[];
    const running = other(
      functionOf(`export const handler = () => (console.log("here"), new Promise((done) => setTimeout(done, 1e6)));`, {
        id: "forever",
      }),
    );
    await until(() => lines.some(({ text }) => text === "here"));
    await runtime.close();
    // The kernel ends what was killed in its own time.
    await until(() => !pids.some(alive));
    expect((await running).functionError).toBe("Unhandled");
    await expect(other(fn)).rejects.toThrow("closed");
  });
});
