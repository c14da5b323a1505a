/** InvokeWithResponseStream over the real runtime, and GetAccountSettings. */
// @module-tag check
import { GetAccountSettingsCommand, InvokeWithResponseStreamCommand } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LambdaRuntime } from "../../../../framework/emulation/lambda/invocation.ts";
import { createLambdaRuntime } from "../../../../framework/emulation/lambda/runtime.ts";
import { type Lab, makeFunction, moduleZip, openLab, refusalOf } from "../../lab.ts";
import { patient } from "../../../emulation/lambda/patient.ts";

let runtime: LambdaRuntime;
let lab: Lab;
beforeAll(async () => {
  runtime = createLambdaRuntime({ ...patient, onLog: () => {} });
  lab = await openLab({ runtime });
  const streaming = `export const handler = awslambda.streamifyResponse(async (event, stream) => {
    for (const part of event.parts) stream.write(part);
    if (event.fail) throw new TypeError("midway");
    stream.end();
  });`;
  await makeFunction(lab, "streaming", { Publish: true, Code: { ZipFile: moduleZip(streaming) } });
  await makeFunction(lab, "buffered", {
    Code: { ZipFile: moduleZip("export const handler = async (event) => ({ event });") },
  });
});
afterAll(async () => {
  await lab.close();
  await runtime.close();
});

/** The joined chunks, and the content of the last event. */
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
  it("sends the chunks of a function unchanged, and its result", async () => {
    const whole = await stream("streaming:1", { parts: ["one ", "둘 ", "x".repeat(300_000)] }, { LogType: "Tail" });
    expect(whole).toMatchObject({ version: "1", complete: { LogResult: expect.any(String) } });
    expect(whole.text).toBe(`one 둘 ${"x".repeat(300_000)}`);
    const broken = await stream("streaming", { parts: ["a"], fail: true });
    expect(broken.text).toBe("a");
    expect(broken.complete).toMatchObject({
      ErrorCode: expect.any(String),
      ErrorDetails: expect.stringContaining("midway"),
    });
    expect((await stream("streaming", { parts: ["again"] })).text).toBe("again");
  });

  it("sends the return value of a function that does not stream", async () => {
    expect(await stream("buffered", { a: 1 })).toMatchObject({
      version: "$LATEST",
      text: '{"event":{"a":1}}',
      complete: {},
    });
  });

  it("is refused like Invoke", async () => {
    expect(await refusalOf(stream("nobody", {}))).toMatchObject({ name: "ResourceNotFoundException" });
  });
});

describe("GetAccountSettings", () => {
  it("returns the limits of the account and their usage", async () => {
    const { AccountLimit, AccountUsage } = await lab.lambda.send(new GetAccountSettingsCommand({}));
    expect(AccountLimit).toMatchObject({
      ConcurrentExecutions: 1000,
      UnreservedConcurrentExecutions: 1000,
      CodeSizeZipped: 52_428_800,
    });
    expect(AccountUsage).toMatchObject({ FunctionCount: 2 });
  });
});
