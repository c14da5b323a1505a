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
    expect(await refusalOf(lab.lambda.send(new InvokeCommand({ FunctionName: "echo", LogType: "Tail" })))).toMatchObject({ status: 400 });
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
