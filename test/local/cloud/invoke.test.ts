/** Invoke as the SDK's own client sees it, over the real runtime. */
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LambdaRuntime } from "../../../framework/local/lambda/outcome.ts";
import { createLambdaRuntime } from "../../../framework/local/lambda/runtime.ts";
import { type Lab, makeFunction, moduleZip, openLab, refusalOf } from "./lab.ts";

let runtime: LambdaRuntime;
let lab: Lab;
beforeAll(async () => {
  runtime = createLambdaRuntime({ onLog: () => {} });
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
  it("gives what the function gives, errors too", async () => {
    const call = async (event: unknown) => lab.lambda.send(new InvokeCommand({ FunctionName: "echo", Payload: JSON.stringify(event) }));
    const fine = await call({ a: "안" });
    expect(fine).toMatchObject({ StatusCode: 200, ExecutedVersion: "$LATEST" });
    expect(fine.FunctionError).toBeUndefined();
    expect(JSON.parse(Buffer.from(fine.Payload!).toString())).toEqual({ event: { a: "안" }, version: "$LATEST" });
    const version = await lab.lambda.send(new InvokeCommand({ FunctionName: "echo", Qualifier: "1" }));
    expect(version.ExecutedVersion).toBe("1");
    expect(JSON.parse(Buffer.from(version.Payload!).toString())).toEqual({ event: {}, version: "1" });
    const failed = await call({ fail: true });
    expect(failed).toMatchObject({ StatusCode: 200, FunctionError: "Unhandled" });
    expect(JSON.parse(Buffer.from(failed.Payload!).toString())).toMatchObject({ errorType: "Error", errorMessage: "secret detail" });
  });

  it("gives the end of the log with LogType Tail, as Lambda's text format has it", async () => {
    const { LogResult } = await lab.lambda.send(new InvokeCommand({ FunctionName: "echo", LogType: "Tail", Payload: `{"fail":true}` }));
    const lines = Buffer.from(LogResult!, "base64").toString().split("\n");
    const id = "[0-9a-f-]{36}";
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^START RequestId: ${id} Version: \\$LATEST$`)),
      expect.stringMatching(
        new RegExp(`^[0-9TZ:.-]{24}\t${id}\tERROR\tInvoke Error \t\\{"errorType":"Error","errorMessage":"secret detail","stack":\\[`),
      ),
      expect.stringMatching(new RegExp(`^END RequestId: ${id}$`)),
      expect.stringMatching(/^REPORT RequestId: .*\tStatus: error\tError Type: Runtime.Unknown$/),
      "",
    ]);
    const { LogResult: none } = await lab.lambda.send(new InvokeCommand({ FunctionName: "echo" }));
    expect(none).toBeUndefined();
  });

  it("calls the export that Handler names and logs as LoggingConfig says", async () => {
    const source = `export const app = { main: async () => { console.log({ a: 1 }); console.debug("less"); return process.env._HANDLER; } };`;
    const LoggingConfig = { LogFormat: "JSON", ApplicationLogLevel: "INFO" } as const;
    await makeFunction(lab, "named", { Handler: "index.app.main", LoggingConfig, Code: { ZipFile: moduleZip(source) } });
    const { Payload, LogResult } = await lab.lambda.send(new InvokeCommand({ FunctionName: "named", LogType: "Tail" }));
    expect(Buffer.from(Payload!).toString()).toBe(`"index.app.main"`);
    const lines = Buffer.from(LogResult!, "base64").toString().trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { type: "platform.start", record: { version: "$LATEST" } },
      { level: "INFO", message: { a: 1 } },
      { type: "platform.report", record: { status: "success", metrics: { memorySizeMB: 128, initDurationMs: expect.any(Number) } } },
    ]);
  });

  it("throttles what is over the limit of events at once: 429 from Invoke", async () => {
    const full = createLambdaRuntime({ onLog: () => {}, maxConcurrency: 0 });
    const other = await openLab({ runtime: full });
    await makeFunction(other, "echo", { Code: { ZipFile: moduleZip("export const handler = () => 1;") } });
    const refused = await refusalOf(other.lambda.send(new InvokeCommand({ FunctionName: "echo" })));
    await other.close();
    expect(refused).toMatchObject({ name: "TooManyRequestsException", status: 429 });
  });

  it("checks without a call when asked to, and refuses what is not JSON or not spoken", async () => {
    const dry = await lab.lambda.send(new InvokeCommand({ FunctionName: "echo", InvocationType: "DryRun" }));
    expect(dry.StatusCode).toBe(204);
    expect(await refusalOf(lab.lambda.send(new InvokeCommand({ FunctionName: "echo", Payload: "{" })))).toMatchObject({
      name: "InvalidRequestContentException",
      status: 400,
    });
    expect(await refusalOf(lab.lambda.send(new InvokeCommand({ FunctionName: "echo", InvocationType: "Event" })))).toMatchObject({
      status: 400,
    });
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
