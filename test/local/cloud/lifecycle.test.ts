/** Pending and in-progress states, on a clock that the test moves. */
import {
  CreateApiCommand,
  CreateDeploymentCommand,
  CreateRouteCommand,
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
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LoadedFunction } from "../../../framework/model/invocation.ts";
import { answering, type Lab, makeFunction, noRuntime, openLab, refusalOf } from "./lab.ts";

const delay = 60_000;
const called: LoadedFunction[] = [];
let lab: Lab;
beforeAll(async () => {
  // What is called, not what it answers, is the question here.
  const invoke = async (fn: LoadedFunction) => (called.push(fn), { payload: Buffer.from("null"), cold: true, durationMs: 0 });
  lab = await openLab({ delay, runtime: { ...noRuntime, invoke } });
});
afterAll(() => lab.close());

const configuration = () => lab.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: "slow" }));
const updateCode = (text: string) => lab.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: "slow", ZipFile: answering(text) }));
const publish = () => lab.lambda.send(new PublishVersionCommand({ FunctionName: "slow" }));
const call = () => lab.lambda.send(new InvokeCommand({ FunctionName: "slow" }));

it("is Pending first: nothing changes or calls it", async () => {
  await makeFunction(lab, "slow");
  expect(await configuration()).toMatchObject({ State: "Pending", StateReasonCode: "Creating", LastUpdateStatus: "InProgress" });
  for (const attempt of [() => updateCode("early"), publish, call]) {
    expect(await refusalOf(attempt())).toMatchObject({ name: "ResourceConflictException", status: 409 });
  }
  lab.ahead += delay;
  expect(await configuration()).toMatchObject({ State: "Active", LastUpdateStatus: "Successful" });
});

it("serves the old code while an update is in progress, and takes no other", async () => {
  const before = await configuration();
  const updated = await updateCode("second");
  expect(updated).toMatchObject({ State: "Active", LastUpdateStatus: "InProgress" });
  const configure = () => lab.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: "slow", Timeout: 5 }));
  for (const attempt of [() => updateCode("third"), publish, configure]) {
    const refusal = await refusalOf(attempt());
    expect(refusal).toMatchObject({ name: "ResourceConflictException", status: 409 });
    expect(refusal.message).toContain("An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:slow");
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

it("makes versions Pending too, and grants are not held up by that", async () => {
  expect(await publish()).toMatchObject({ Version: "1", State: "Pending" });
  const grant = {
    FunctionName: "slow",
    Qualifier: "1",
    StatementId: "s",
    Action: "lambda:InvokeFunction",
    Principal: "apigateway.amazonaws.com",
  };
  await lab.lambda.send(new AddPermissionCommand(grant));
  const early = lab.lambda.send(new InvokeCommand({ FunctionName: "slow:1" }));
  expect(await refusalOf(early)).toMatchObject({ status: 409 });
  lab.ahead += delay;
  expect((await lab.lambda.send(new InvokeCommand({ FunctionName: "slow:1" }))).ExecutedVersion).toBe("1");
});

it("keeps a deployment PENDING, and no stage takes it before it is DEPLOYED", async () => {
  const { ApiId } = await lab.gateway.send(new CreateApiCommand({ Name: "slow", ProtocolType: "HTTP" }));
  await lab.gateway.send(new CreateRouteCommand({ ApiId, RouteKey: "$default" }));
  const { DeploymentId, DeploymentStatus } = await lab.gateway.send(new CreateDeploymentCommand({ ApiId }));
  expect(DeploymentStatus).toBe("PENDING");
  const stage = () => lab.gateway.send(new CreateStageCommand({ ApiId, StageName: "$default", DeploymentId }));
  expect(await refusalOf(stage())).toMatchObject({ name: "BadRequestException" });
  lab.ahead += delay;
  expect((await lab.gateway.send(new GetDeploymentCommand({ ApiId, DeploymentId }))).DeploymentStatus).toBe("DEPLOYED");
  await stage();
});
