/** InvokeWithResponseStream and reserved concurrency, over the real runtime. */
import {
  DeleteFunctionConcurrencyCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  PutFunctionConcurrencyCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LambdaRuntime } from "../../../framework/local/lambda/outcome.ts";
import { createLambdaRuntime } from "../../../framework/local/lambda/runtime.ts";
import { type Lab, makeFunction, moduleZip, openLab, refusalOf } from "./lab.ts";

let runtime: LambdaRuntime;
let lab: Lab;
beforeAll(async () => {
  runtime = createLambdaRuntime({ onLog: () => {} });
  lab = await openLab({ runtime });
  const streaming = `export const handler = awslambda.streamifyResponse(async (event, stream) => {
    for (const part of event.parts) stream.write(part);
    if (event.fail) throw new TypeError("midway");
    stream.end();
  });`;
  await makeFunction(lab, "streaming", { Publish: true, Code: { ZipFile: moduleZip(streaming) } });
  await makeFunction(lab, "buffered", { Code: { ZipFile: moduleZip("export const handler = async (event) => ({ event });") } });
});
afterAll(async () => {
  await lab.close();
  await runtime.close();
});

/** The chunks, joined, and what the last event says. */
async function stream(FunctionName: string, event: unknown, more: object = {}) {
  const input = { FunctionName, Payload: Buffer.from(JSON.stringify(event)), ...more };
  const answer = await lab.lambda.send(new InvokeWithResponseStreamCommand(input));
  const parts: Buffer[] = [];
  let complete: object | undefined;
  for await (const { PayloadChunk, InvokeComplete } of answer.EventStream!) {
    if (PayloadChunk) parts.push(Buffer.from(PayloadChunk.Payload!));
    complete ??= InvokeComplete;
  }
  return { version: answer.ExecutedVersion, text: Buffer.concat(parts).toString(), complete };
}

describe("InvokeWithResponseStream", () => {
  it("gives what a function streams, as it stands, and how it ended", async () => {
    const whole = await stream("streaming:1", { parts: ["one ", "둘 ", "x".repeat(300_000)] }, { LogType: "Tail" });
    expect(whole).toMatchObject({ version: "1", complete: { LogResult: expect.any(String) } });
    expect(whole.text).toBe(`one 둘 ${"x".repeat(300_000)}`);
    const broken = await stream("streaming", { parts: ["a"], fail: true });
    expect(broken.text).toBe("a");
    expect(broken.complete).toMatchObject({ ErrorCode: expect.any(String), ErrorDetails: expect.stringContaining("midway") });
    expect((await stream("streaming", { parts: ["again"] })).text).toBe("again");
  });

  it("gives what a function returns, too", async () => {
    expect(await stream("buffered", { a: 1 })).toMatchObject({ version: "$LATEST", text: '{"event":{"a":1}}', complete: {} });
  });

  it("is refused as Invoke is", async () => {
    expect(await refusalOf(stream("nobody", {}))).toMatchObject({ name: "ResourceNotFoundException" });
  });
});

describe("reserved concurrency", () => {
  it("throttles what is over it, and is told", async () => {
    const FunctionName = "buffered";
    await lab.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
    const refusal = await refusalOf(lab.lambda.send(new InvokeCommand({ FunctionName })));
    expect(refusal).toMatchObject({ name: "TooManyRequestsException", status: 429 });
    expect(await refusalOf(stream(FunctionName, {}))).toMatchObject({ name: "TooManyRequestsException" });
    expect((await lab.lambda.send(new GetFunctionCommand({ FunctionName }))).Concurrency).toEqual({ ReservedConcurrentExecutions: 0 });
    await lab.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 1 }));
    expect(await lab.lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }))).toMatchObject({ ReservedConcurrentExecutions: 1 });
    await lab.lambda.send(new InvokeCommand({ FunctionName }));
    const { AccountLimit, AccountUsage } = await lab.lambda.send(new GetAccountSettingsCommand({}));
    expect(AccountLimit).toMatchObject({ ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 999, CodeSizeZipped: 52_428_800 });
    expect(AccountUsage).toMatchObject({ FunctionCount: 2 });
    const most = lab.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 901 }));
    expect(await refusalOf(most)).toMatchObject({ name: "InvalidParameterValueException" });
    await lab.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
    const { ReservedConcurrentExecutions } = await lab.lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }));
    expect(ReservedConcurrentExecutions).toBeUndefined();
  });
});
