/** Function URLs: their configuration, called by the AWS SDK's client, their permissions and their responses. */
// @module-tag check
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionUrlConfigCommand,
  type CreateFunctionUrlConfigCommandInput,
  DeleteFunctionCommand,
  DeleteFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  GetPolicyCommand,
  ListFunctionUrlConfigsCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LambdaRuntime } from "../../../../framework/emulation/lambda/invocation.ts";
import { createLambdaRuntime } from "../../../../framework/emulation/lambda/runtime.ts";
import { answering, type Lab, makeFunction, openLab, refusalOf } from "../../lab.ts";
import { patient } from "../../../emulation/lambda/patient.ts";

let runtime: LambdaRuntime;
let lab: Lab;
beforeAll(async () => {
  runtime = createLambdaRuntime({ ...patient, onLog: () => {} });
  lab = await openLab({ runtime });
});
afterAll(async () => {
  await lab.close();
  await runtime.close();
});

const create = (FunctionName: string, more: Partial<CreateFunctionUrlConfigCommandInput> = {}) =>
  lab.lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "NONE", ...more }));
const grants = [
  { StatementId: "url", Action: "lambda:InvokeFunctionUrl", Principal: "*", FunctionUrlAuthType: "NONE" },
  { StatementId: "invoke", Action: "lambda:InvokeFunction", Principal: "*", InvokedViaFunctionUrl: true },
] as const;
const grant = (FunctionName: string, at: 0 | 1, Qualifier?: string) =>
  lab.lambda.send(new AddPermissionCommand({ FunctionName, Qualifier, ...grants[at] }));

describe("the configuration", () => {
  it("is created, read, changed, listed and deleted, for the function and for an alias", async () => {
    const FunctionName = "configured";
    await makeFunction(lab, FunctionName, { Publish: true });
    await lab.lambda.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
    const made = await create(FunctionName);
    const arn = "arn:aws:lambda:us-east-1:000000000000:function:configured";
    expect(made).toMatchObject({
      $metadata: { httpStatusCode: 201 },
      FunctionArn: arn,
      AuthType: "NONE",
      InvokeMode: "BUFFERED",
    });
    expect(made.FunctionUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const live = await create(FunctionName, { Qualifier: "live", InvokeMode: "RESPONSE_STREAM" });
    expect(live).toMatchObject({ FunctionArn: `${arn}:live`, InvokeMode: "RESPONSE_STREAM" });
    expect(live.FunctionUrl).not.toBe(made.FunctionUrl);
    expect(await refusalOf(create(FunctionName))).toMatchObject({ name: "ResourceConflictException", status: 409 });
    const { FunctionUrlConfigs } = await lab.lambda.send(new ListFunctionUrlConfigsCommand({ FunctionName }));
    expect(FunctionUrlConfigs).toHaveLength(2);
    await lab.restart();
    const read = () => lab.lambda.send(new GetFunctionUrlConfigCommand({ FunctionName, Qualifier: "live" }));
    expect(await read()).toMatchObject({ InvokeMode: "RESPONSE_STREAM" });
    await lab.lambda.send(
      new UpdateFunctionUrlConfigCommand({ FunctionName, Qualifier: "live", InvokeMode: "BUFFERED" }),
    );
    const changed = await read();
    expect(changed).toMatchObject({ InvokeMode: "BUFFERED" });
    await lab.lambda.send(new DeleteFunctionUrlConfigCommand({ FunctionName, Qualifier: "live" }));
    expect(await refusalOf(read())).toMatchObject({ name: "ResourceNotFoundException", status: 404 });
    await expect(fetch(changed.FunctionUrl!)).rejects.toThrow("fetch failed");
  });

  it("is refused for a version and for unsupported members", async () => {
    const FunctionName = "refused";
    await makeFunction(lab, FunctionName, { Publish: true });
    expect(await refusalOf(create(FunctionName, { Qualifier: "1" }))).toMatchObject({
      name: "ValidationException",
      status: 400,
    });
    expect(await refusalOf(create(FunctionName, { Qualifier: "nobody" }))).toMatchObject({
      name: "ResourceNotFoundException",
    });
    expect(await refusalOf(create(FunctionName, { AuthType: "AWS_IAM" }))).toMatchObject({
      name: "ValidationException",
    });
    expect(await refusalOf(create(FunctionName, { Cors: { AllowOrigins: ["*"] } }))).toMatchObject({
      name: "ValidationException",
    });
    expect(await refusalOf(create(FunctionName, { AuthType: undefined }))).toMatchObject({
      name: "ValidationException",
    });
  });

  it("is deleted with its function", async () => {
    await makeFunction(lab, "going");
    const { FunctionUrl } = await create("going");
    await lab.lambda.send(new DeleteFunctionCommand({ FunctionName: "going" }));
    await expect(fetch(FunctionUrl!)).rejects.toThrow("fetch failed");
  });
});

describe("a call", () => {
  it("needs both permissions of exactly that qualifier", async () => {
    const FunctionName = "guarded";
    await makeFunction(lab, FunctionName, { Publish: true });
    await lab.lambda.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
    const { FunctionUrl = "" } = await create(FunctionName, { Qualifier: "live" });
    const status = async () => (await fetch(FunctionUrl)).status;
    expect(await status()).toBe(403);
    await grant(FunctionName, 0);
    await grant(FunctionName, 1);
    expect(await status()).toBe(403);
    await grant(FunctionName, 0, "live");
    expect(await status()).toBe(403);
    await grant(FunctionName, 1, "live");
    expect(await status()).toBe(200);
    const { Policy } = await lab.lambda.send(new GetPolicyCommand({ FunctionName, Qualifier: "live" }));
    expect(JSON.parse(Policy!)).toMatchObject({
      Statement: [
        { Sid: "url", Principal: "*", Condition: { StringEquals: { "lambda:FunctionUrlAuthType": "NONE" } } },
        { Sid: "invoke", Principal: "*", Condition: { Bool: { "lambda:InvokedViaFunctionUrl": "true" } } },
      ],
    });
    const odd = lab.lambda.send(
      new AddPermissionCommand({ FunctionName, ...grants[1], StatementId: "odd", FunctionUrlAuthType: "NONE" }),
    );
    expect(await refusalOf(odd)).toMatchObject({ name: "InvalidParameterValueException" });
  });

  it("follows the alias", async () => {
    const FunctionName = "moving";
    await makeFunction(lab, FunctionName, { Publish: true });
    await lab.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: answering("second") }));
    await lab.lambda.send(new PublishVersionCommand({ FunctionName }));
    await lab.lambda.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
    const { FunctionUrl = "" } = await create(FunctionName, { Qualifier: "live" });
    await grant(FunctionName, 0, "live");
    await grant(FunctionName, 1, "live");
    const text = async () => (await fetch(FunctionUrl)).text();
    expect(await text()).toBe("moving");
    await lab.lambda.send(new UpdateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "2" }));
    expect(await text()).toBe("second");
    expect(lab.cloud.apps()).toContainEqual({ name: FunctionName, url: FunctionUrl });
  });
});
