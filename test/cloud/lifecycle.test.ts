/** States of functions, versions and deployments before they are ready, on a clock that the test moves. */
// @module-tag check
import {
  CreateApiCommand,
  CreateDeploymentCommand,
  CreateStageCommand,
  GetDeploymentCommand,
} from "@aws-sdk/client-apigatewayv2";
import {
  AddPermissionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { LoadedFunction } from "../../framework/model/invocation.ts";
import { answering, type Lab, makeFunction, noRuntime, openLab, refusalOf, defineRoutes } from "./lab.ts";

const delay = 60_000;
const called: LoadedFunction[] = [];
let lab: Lab;
beforeAll(async () => {
  // Tests check which version runs, not its response.
  const invoke = async (fn: LoadedFunction) => (
    called.push(fn),
    { payload: Buffer.from("null"), cold: true, durationMs: 0 }
  );
  lab = await openLab({ delay, runtime: { ...noRuntime, invoke } });
});
afterAll(() => lab.close());

let FunctionName: string;
let made = 0;
/** Each test has its own function, which is Pending. */
beforeEach(() => makeFunction(lab, (FunctionName = `slow-${++made}`)));

const configuration = () => lab.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
const updateCode = (text: string) =>
  lab.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: answering(text) }));
const publish = () => lab.lambda.send(new PublishVersionCommand({ FunctionName }));
const call = () => lab.lambda.send(new InvokeCommand({ FunctionName }));

it("is Pending first: it cannot be changed or invoked", async () => {
  expect(await configuration()).toMatchObject({
    State: "Pending",
    StateReasonCode: "Creating",
    LastUpdateStatus: "InProgress",
  });
  for (const attempt of [() => updateCode("early"), publish, call]) {
    expect(await refusalOf(attempt())).toMatchObject({ name: "ResourceConflictException", status: 409 });
  }
  lab.ahead += delay;
  expect(await configuration()).toMatchObject({ State: "Active", LastUpdateStatus: "Successful" });
});

it("serves the old code while an update is in progress, and refuses another update", async () => {
  lab.ahead += delay;
  const before = await configuration();
  const updated = await updateCode("second");
  expect(updated).toMatchObject({ State: "Active", LastUpdateStatus: "InProgress" });
  const configure = () => lab.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 5 }));
  for (const attempt of [() => updateCode("third"), publish, configure]) {
    const refusal = await refusalOf(attempt());
    expect(refusal).toMatchObject({ name: "ResourceConflictException", status: 409 });
    expect(refusal.message).toContain(
      `An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:${FunctionName}`,
    );
  }
  await call();
  lab.ahead += delay;
  await call();
  const [old, fresh] = called.slice(-2);
  const hex = (base64 = ""): string => Buffer.from(base64, "base64").toString("hex");
  expect(old!.directory.endsWith(hex(before.CodeSha256))).toBe(true);
  expect(fresh!.directory.endsWith(hex(updated.CodeSha256))).toBe(true);
  expect(fresh!.hash).not.toBe(old!.hash);
});

it("makes versions Pending too, which does not delay permissions", async () => {
  lab.ahead += delay;
  expect(await publish()).toMatchObject({ Version: "1", State: "Pending" });
  const grant = {
    FunctionName,
    Qualifier: "1",
    StatementId: "s",
    Action: "lambda:InvokeFunction",
    Principal: "apigateway.amazonaws.com",
  };
  await lab.lambda.send(new AddPermissionCommand(grant));
  const early = lab.lambda.send(new InvokeCommand({ FunctionName: `${FunctionName}:1` }));
  expect(await refusalOf(early)).toMatchObject({ status: 409 });
  lab.ahead += delay;
  expect((await lab.lambda.send(new InvokeCommand({ FunctionName: `${FunctionName}:1` }))).ExecutedVersion).toBe("1");
});

it("keeps a deployment PENDING, and refuses it for a stage before it is DEPLOYED", async () => {
  const { ApiId } = await lab.gateway.send(new CreateApiCommand({ Name: "slow", ProtocolType: "HTTP" }));
  await defineRoutes(lab, ApiId, { $default: undefined });
  const { DeploymentId, DeploymentStatus } = await lab.gateway.send(new CreateDeploymentCommand({ ApiId }));
  expect(DeploymentStatus).toBe("PENDING");
  const stage = () => lab.gateway.send(new CreateStageCommand({ ApiId, StageName: "$default", DeploymentId }));
  expect(await refusalOf(stage())).toMatchObject({ name: "BadRequestException" });
  lab.ahead += delay;
  expect((await lab.gateway.send(new GetDeploymentCommand({ ApiId, DeploymentId }))).DeploymentStatus).toBe("DEPLOYED");
  await stage();
});
