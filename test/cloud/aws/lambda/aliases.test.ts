/** Operations on aliases, called by the AWS SDK's client, and invocations of an alias. */
// @module-tag check
import {
  CreateAliasCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  InvokeCommand,
  ListAliasesCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { LambdaRuntime } from "../../../../framework/emulation/lambda/invocation.ts";
import { createLambdaRuntime } from "../../../../framework/emulation/lambda/runtime.ts";
import { type Lab, makeFunction, moduleZip, openLab, refusalOf } from "../../lab.ts";
import { patient } from "../../../emulation/lambda/patient.ts";

let runtime: LambdaRuntime;
let lab: Lab;
let FunctionName: string;
let arn: string;
let made = 0;
const source = (text: string) => `export const handler = async (event, context) => ({
  text: ${JSON.stringify(text)},
  version: process.env.AWS_LAMBDA_FUNCTION_VERSION,
  seen: context.functionVersion,
  arn: context.invokedFunctionArn,
});`;
beforeAll(async () => {
  runtime = createLambdaRuntime({ ...patient, onLog: () => {} });
  lab = await openLab({ runtime });
});
// Each test has its own function with two versions.
beforeEach(async () => {
  FunctionName = `aliased-${++made}`;
  arn = `arn:aws:lambda:us-east-1:000000000000:function:${FunctionName}`;
  await makeFunction(lab, FunctionName, { Publish: true, Code: { ZipFile: moduleZip(source("one")) } });
  await lab.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: moduleZip(source("two")) }));
  await lab.lambda.send(new PublishVersionCommand({ FunctionName }));
});
afterAll(async () => {
  await lab.close();
  await runtime.close();
});

const create = (Name: string, FunctionVersion: string) =>
  lab.lambda.send(new CreateAliasCommand({ FunctionName, Name, FunctionVersion }));
const move = (Name: string, FunctionVersion: string, RevisionId?: string) =>
  lab.lambda.send(new UpdateAliasCommand({ FunctionName, Name, FunctionVersion, RevisionId }));

describe("aliases", () => {
  it("are created, updated with the current RevisionId, listed and deleted", async () => {
    const made = await create("live", "1");
    expect(made).toMatchObject({
      $metadata: { httpStatusCode: 201 },
      AliasArn: `${arn}:live`,
      Name: "live",
      FunctionVersion: "1",
    });
    const moved = await move("live", "2", made.RevisionId);
    expect(moved.RevisionId).not.toBe(made.RevisionId);
    expect(await refusalOf(move("live", "1", made.RevisionId))).toMatchObject({
      name: "PreconditionFailedException",
      status: 412,
    });
    expect(await lab.lambda.send(new GetAliasCommand({ FunctionName, Name: "live" }))).toMatchObject({
      FunctionVersion: "2",
    });
    await create("old", "1");
    const names = async (more: object = {}) =>
      (await lab.lambda.send(new ListAliasesCommand({ FunctionName, ...more }))).Aliases!.map(({ Name }) => Name);
    expect(await names()).toEqual(["live", "old"]);
    expect(await names({ FunctionVersion: "1" })).toEqual(["old"]);
    expect(await names({ MaxItems: 1 })).toEqual(["live"]);
    const removal = () => lab.lambda.send(new DeleteAliasCommand({ FunctionName, Name: "old" }));
    expect((await removal()).$metadata.httpStatusCode).toBe(204);
    await removal();
    expect(await refusalOf(lab.lambda.send(new GetAliasCommand({ FunctionName, Name: "old" })))).toMatchObject({
      name: "ResourceNotFoundException",
      message: `Cannot find alias arn: ${arn}:old`,
    });
  });

  it("run their version, under their own ARN", async () => {
    await create("live", "1");
    const call = async () => {
      const { Payload, ExecutedVersion } = await lab.lambda.send(
        new InvokeCommand({ FunctionName, Qualifier: "live" }),
      );
      return { ExecutedVersion, ...(JSON.parse(Buffer.from(Payload!).toString()) as object) };
    };
    expect(await call()).toEqual({ ExecutedVersion: "1", text: "one", version: "1", seen: "1", arn: `${arn}:live` });
    await move("live", "2");
    expect(await call()).toEqual({ ExecutedVersion: "2", text: "two", version: "2", seen: "2", arn: `${arn}:live` });
    const { Configuration } = await lab.lambda.send(new GetFunctionCommand({ FunctionName, Qualifier: "live" }));
    expect(Configuration).toMatchObject({ FunctionArn: `${arn}:live`, Version: "2" });
  });

  it("keep their version from deletion", async () => {
    await create("live", "2");
    const version = (Qualifier: string) => lab.lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier }));
    expect(await refusalOf(version("2"))).toMatchObject({ name: "ResourceConflictException", status: 409 });
    expect(await refusalOf(version("live"))).toMatchObject({ name: "InvalidParameterValueException" });
  });

  it("are refused with an invalid name or version, or with weights", async () => {
    await create("live", "1");
    expect(await refusalOf(create("live", "1"))).toMatchObject({ name: "ResourceConflictException", status: 409 });
    expect(await refusalOf(create("12", "1"))).toMatchObject({ name: "ValidationException" });
    expect(await refusalOf(create("new", "9"))).toMatchObject({ name: "ResourceNotFoundException" });
    expect(await refusalOf(create("new", "live"))).toMatchObject({ name: "ValidationException" });
    const weighted = {
      FunctionName,
      Name: "new",
      FunctionVersion: "1",
      RoutingConfig: { AdditionalVersionWeights: { "2": 0.1 } },
    };
    expect(await refusalOf(lab.lambda.send(new CreateAliasCommand(weighted)))).toMatchObject({
      name: "ValidationException",
    });
    await lab.lambda.send(new CreateAliasCommand({ ...weighted, RoutingConfig: { AdditionalVersionWeights: {} } }));
  });
});
