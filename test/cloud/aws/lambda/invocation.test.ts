/** Invoke, called by the AWS SDK's client, with the real Lambda runtime. */
// @module-tag check
import { type InvocationType, InvokeCommand } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { LambdaRuntime } from "../../../../framework/emulation/lambda/invocation.ts";
import { createLambdaRuntime } from "../../../../framework/emulation/lambda/runtime.ts";
import { type Lab, makeFunction, moduleZip, openLab, refusalOf } from "../../lab.ts";
import { until } from "../../../until.ts";
import { patient } from "../../../emulation/lambda/patient.ts";

let runtime: LambdaRuntime;
let lab: Lab;
beforeAll(async () => {
  runtime = createLambdaRuntime({ ...patient, onLog: () => {} });
  lab = await openLab({ runtime });
  const source = `export const handler = async (event) => {
    if (event.fail) throw new Error("secret detail");
    return { event, version: process.env.AWS_LAMBDA_FUNCTION_VERSION };
  };`;
  await makeFunction(lab, "echo", { Publish: true, Code: { ZipFile: moduleZip(source) } });
});
afterAll(async () => {
  await lab.close();
  await runtime.close();
});

describe("Invoke", () => {
  it("returns the function's result or error", async () => {
    const call = async (event: unknown) =>
      lab.lambda.send(new InvokeCommand({ FunctionName: "echo", Payload: JSON.stringify(event) }));
    const fine = await call({ a: "안" });
    expect(fine).toMatchObject({ StatusCode: 200, ExecutedVersion: "$LATEST" });
    expect(fine.FunctionError).toBeUndefined();
    expect(JSON.parse(Buffer.from(fine.Payload!).toString())).toEqual({ event: { a: "안" }, version: "$LATEST" });
    const version = await lab.lambda.send(new InvokeCommand({ FunctionName: "echo", Qualifier: "1" }));
    expect(version.ExecutedVersion).toBe("1");
    expect(JSON.parse(Buffer.from(version.Payload!).toString())).toEqual({ event: {}, version: "1" });
    const failed = await call({ fail: true });
    expect(failed).toMatchObject({ StatusCode: 200, FunctionError: "Unhandled" });
    expect(JSON.parse(Buffer.from(failed.Payload!).toString())).toMatchObject({
      errorType: "Error",
      errorMessage: "secret detail",
    });
  });

  it("returns the end of the log in Lambda's text format with LogType Tail", async () => {
    const { LogResult } = await lab.lambda.send(
      new InvokeCommand({ FunctionName: "echo", LogType: "Tail", Payload: `{"fail":true}` }),
    );
    const lines = Buffer.from(LogResult!, "base64").toString().split("\n");
    const id = "[0-9a-f-]{36}";
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^START RequestId: ${id} Version: \\$LATEST$`)),
      expect.stringMatching(
        new RegExp(
          `^[0-9TZ:.-]{24}\t${id}\tERROR\tInvoke Error \t` +
            String.raw`\{"errorType":"Error","errorMessage":"secret detail","stack":\[`,
        ),
      ),
      expect.stringMatching(new RegExp(`^END RequestId: ${id}$`)),
      expect.stringMatching(/^REPORT RequestId: .*\tStatus: error\tError Type: Runtime.Unknown$/),
      "",
    ]);
    const { LogResult: none } = await lab.lambda.send(new InvokeCommand({ FunctionName: "echo" }));
    expect(none).toBeUndefined();
  });

  it("calls the export of Handler and logs in the format of LoggingConfig", async () => {
    const source = `
      const main = async () => (console.log({ a: 1 }), console.debug("less"), process.env._HANDLER);
      export const app = { main };`;
    const LoggingConfig = { LogFormat: "JSON", ApplicationLogLevel: "INFO" } as const;
    await makeFunction(lab, "named", {
      Handler: "index.app.main",
      LoggingConfig,
      Code: { ZipFile: moduleZip(source) },
    });
    const { Payload, LogResult } = await lab.lambda.send(new InvokeCommand({ FunctionName: "named", LogType: "Tail" }));
    expect(Buffer.from(Payload!).toString()).toBe(`"index.app.main"`);
    const lines = Buffer.from(LogResult!, "base64").toString().trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { type: "platform.start", record: { version: "$LATEST" } },
      { level: "INFO", message: { a: 1 } },
      {
        type: "platform.report",
        record: { status: "success", metrics: { memorySizeMB: 128, initDurationMs: expect.any(Number) } },
      },
    ]);
  });

  it("responds 429 above the limit of concurrent events", async () => {
    const full = createLambdaRuntime({ ...patient, onLog: () => {}, maxConcurrency: 0 });
    const other = await openLab({ runtime: full });
    await makeFunction(other, "echo", { Code: { ZipFile: moduleZip("export const handler = () => 1;") } });
    const refused = await refusalOf(other.lambda.send(new InvokeCommand({ FunctionName: "echo" })));
    await other.close();
    expect(refused).toMatchObject({ name: "TooManyRequestsException", status: 429 });
  });

  it("takes an event that nobody waits for, and runs one that fails three times", async () => {
    const runs: string[] = [];
    let ahead = 0;
    const clock = { now: () => Date.now() + ahead, sleep: () => Promise.resolve(), every: () => () => {} };
    let look = (): void => {};
    const counting: LambdaRuntime = {
      ...runtime,
      async invoke(_fn, event, { requestId }) {
        runs.push(requestId);
        const functionError = Buffer.from(event).toString() === "{}" ? {} : { functionError: "Unhandled" as const };
        return { payload: Buffer.from("null"), cold: false, durationMs: 1, ...functionError };
      },
    };
    const every = (_: number, run: () => void) => {
      look = run;
      return () => {};
    };
    const other = await openLab({ runtime: counting, clock: { ...clock, every } });
    onTestFinished(() => other.close());
    await makeFunction(other, "echo", { Code: { ZipFile: moduleZip("export const handler = () => 1;") } });
    const send = (Payload?: string) =>
      other.lambda.send(
        new InvokeCommand({ FunctionName: "echo", InvocationType: "Event", ...(Payload && { Payload }) }),
      );
    expect(await send()).toMatchObject({ StatusCode: 202 });
    await until(() => runs.length === 1);
    expect((await send(`{"fail":true}`)).Payload).toBeFalsy();
    const ran = (count: number): Promise<void> =>
      until(() => {
        look();
        return runs.length >= count;
      });
    await ran(2);
    ahead += 60_000;
    await ran(3);
    ahead += 120_000;
    await ran(4);
    ahead += 3_600_000;
    await new Promise((next) => setImmediate(next));
    look();
    expect(runs).toHaveLength(4);
    expect(new Set(runs.slice(1)).size).toBe(1);
    expect(await refusalOf(send(JSON.stringify("x".repeat(1_048_576))))).toMatchObject({
      name: "RequestTooLargeException",
      status: 413,
    });
  });

  it("does not run a DryRun, and refuses invalid JSON and unsupported headers", async () => {
    const dry = await lab.lambda.send(new InvokeCommand({ FunctionName: "echo", InvocationType: "DryRun" }));
    expect(dry.StatusCode).toBe(204);
    expect(await refusalOf(lab.lambda.send(new InvokeCommand({ FunctionName: "echo", Payload: "{" })))).toMatchObject({
      name: "InvalidRequestContentException",
      status: 400,
    });
    expect(
      await refusalOf(
        lab.lambda.send(new InvokeCommand({ FunctionName: "echo", InvocationType: "Soon" as InvocationType })),
      ),
    ).toMatchObject({ name: "ValidationException", status: 400 });
    expect(await refusalOf(lab.lambda.send(new InvokeCommand({ FunctionName: "nobody" })))).toMatchObject({
      name: "ResourceNotFoundException",
      status: 404,
    });
    const Payload = JSON.stringify("x".repeat(6_291_456));
    expect(await refusalOf(lab.lambda.send(new InvokeCommand({ FunctionName: "echo", Payload })))).toMatchObject({
      name: "RequestTooLargeException",
      status: 413,
    });
  });
});
