/**
 * The delays of a latency profile, on a clock that only the test moves: new roles, propagation of stages and aliases,
 * throttling, and overlapping calls.
 */
// @module-tag check
import {
  CreateApiCommand,
  CreateDeploymentCommand,
  CreateStageCommand,
  GetApisCommand,
  GetDeploymentCommand,
  GetStageCommand,
  UpdateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import { CreateRoleCommand } from "@aws-sdk/client-iam";
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  GetFunctionCommand,
  GetPolicyCommand,
  InvokeCommand,
  ListFunctionsCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
} from "@aws-sdk/client-lambda";
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterEach, describe, expect, it } from "vitest";
import { type LatencyProfile, realisticProfile } from "../../framework/cloud/latency-profile.ts";
import type { LambdaRuntime } from "../../framework/emulation/lambda/invocation.ts";
import {
  answering,
  functionInput,
  type Lab,
  makeFunction,
  noRuntime,
  openLab,
  refusalOf,
  trust,
  defineRoutes,
} from "./lab.ts";
import { sendSigned } from "./aws/signed.ts";

const labs: Lab[] = [];
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close();
});

let now: number;
/** Calls of the clock's sleep, which the test ends. */
let sleepers: (() => void)[];
async function open(latency: Partial<LatencyProfile>, runtime: LambdaRuntime = noRuntime): Promise<Lab> {
  now = Date.now();
  sleepers = [];
  const sleep = (): Promise<void> => new Promise((done) => sleepers.push(done));
  const lab = await openLab({ clock: { now: () => now, sleep }, latency, runtime });
  labs.push(lab);
  return lab;
}

describe("a new role", () => {
  it("can be assumed by Lambda after its delay", async () => {
    const lab = await open({ role: realisticProfile.role });
    await lab.iam.send(new CreateRoleCommand({ RoleName: "fresh", AssumeRolePolicyDocument: trust }));
    const make = () =>
      lab.lambda.send(
        new CreateFunctionCommand(functionInput("early", { Role: "arn:aws:iam::000000000000:role/fresh" })),
      );
    now += realisticProfile.role - 1;
    expect(await refusalOf(make())).toMatchObject({
      name: "InvalidParameterValueException",
      message: "The role defined for the function cannot be assumed by Lambda.",
    });
    now += 1;
    await make();
  });
});

/** Responds with the id of the version, without a process. */
const echo: LambdaRuntime = {
  ...noRuntime,
  invoke: async (fn) => ({
    payload: Buffer.from(JSON.stringify({ statusCode: 200, body: fn.id })),
    cold: false,
    durationMs: 1,
  }),
};

async function publishTwo(lab: Lab, FunctionName: string): Promise<void> {
  await makeFunction(lab, FunctionName, { Publish: true });
  await lab.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: answering("second") }));
  await lab.lambda.send(new PublishVersionCommand({ FunctionName }));
}

/** The different responses to forty requests. */
async function answers(url: string): Promise<ReadonlySet<string>> {
  const texts = await Promise.all(Array.from({ length: 40 }, async () => (await fetch(url)).text()));
  return new Set(texts);
}

describe("a moved stage", () => {
  it("propagates node by node: old or new within the window, then only new", async () => {
    const lab = await open({ propagation: 2000, deployment: 1000 }, echo);
    await publishTwo(lab, "moved");
    const { ApiId, ApiEndpoint } = await lab.gateway.send(
      new CreateApiCommand({ Name: "moved", ProtocolType: "HTTP" }),
    );
    const routes: Record<string, string> = {};
    const deploy = async (version: number): Promise<string> => {
      const arn = `arn:aws:lambda:us-east-1:000000000000:function:moved:${version}`;
      await lab.lambda.send(
        new AddPermissionCommand({
          FunctionName: "moved",
          Qualifier: String(version),
          StatementId: "api",
          Action: "lambda:InvokeFunction",
          Principal: "apigateway.amazonaws.com",
        }),
      );
      routes[`GET /v${version}`] = arn;
      await defineRoutes(lab, ApiId, routes);
      const { DeploymentId } = await lab.gateway.send(new CreateDeploymentCommand({ ApiId }));
      expect((await lab.gateway.send(new GetDeploymentCommand({ ApiId, DeploymentId }))).DeploymentStatus).toBe(
        "PENDING",
      );
      now += 1000;
      return DeploymentId!;
    };
    const first = await deploy(1);
    await lab.gateway.send(new CreateStageCommand({ ApiId, StageName: "$default", DeploymentId: first }));
    expect(await answers(`${ApiEndpoint}/v1`)).toContain('{"message":"Not Found"}');
    now += 2000;
    expect(await answers(`${ApiEndpoint}/v1`)).toEqual(new Set(["moved:1"]));
    const second = await deploy(2);
    await lab.gateway.send(new UpdateStageCommand({ ApiId, StageName: "$default", DeploymentId: second }));
    expect((await lab.gateway.send(new GetStageCommand({ ApiId, StageName: "$default" }))).DeploymentId).toBe(second);
    now += 1000;
    for (const text of await answers(`${ApiEndpoint}/v2`))
      expect(["moved:2", '{"message":"Not Found"}']).toContain(text);
    // Moved back before all nodes saw the move: the others keep the first deployment.
    await lab.gateway.send(new UpdateStageCommand({ ApiId, StageName: "$default", DeploymentId: first }));
    expect(await answers(`${ApiEndpoint}/v1`)).toEqual(new Set(["moved:1"]));
    await lab.restart();
    now += 2000;
    const [{ url = "" } = {}] = lab.cloud.apps();
    expect(await answers(`${url}v2`)).toEqual(new Set(['{"message":"Not Found"}']));
  });
});

describe("a moved alias", () => {
  it("propagates to the nodes of a function URL, and applies to Invoke at once", async () => {
    const lab = await open({ propagation: 2000 }, echo);
    const FunctionName = "aliased";
    await publishTwo(lab, FunctionName);
    await lab.lambda.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
    const url = { FunctionName, Qualifier: "live", AuthType: "NONE" } as const;
    const { FunctionUrl = "" } = await lab.lambda.send(new CreateFunctionUrlConfigCommand(url));
    for (const [at, Action] of ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"].entries())
      await lab.lambda.send(
        new AddPermissionCommand({ FunctionName, Qualifier: "live", StatementId: `s${at}`, Action, Principal: "*" }),
      );
    await lab.lambda.send(new UpdateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "2" }));
    for (const text of await answers(FunctionUrl)) expect(["aliased:1", "aliased:2"]).toContain(text);
    const { ExecutedVersion } = await lab.lambda.send(new InvokeCommand({ FunctionName, Qualifier: "live" }));
    expect(ExecutedVersion).toBe("2");
    now += 2000;
    expect(await answers(FunctionUrl)).toEqual(new Set(["aliased:2"]));
  });
});

describe("throttling", () => {
  it("has Lambda's limits: 15 calls a second, others for GetFunction and GetPolicy, none for invocations", async () => {
    const lab = await open({ throttling: true }, echo);
    await makeFunction(lab, "rated");
    const list = () => lab.lambda.send(new ListFunctionsCommand({}));
    for (let at = 0; at < 14; at += 1) await list();
    expect(await refusalOf(list())).toMatchObject({
      name: "TooManyRequestsException",
      status: 429,
      message: "Rate exceeded",
    });
    const { headers, text } = await sendSigned(lab.cloud, "lambda", "GET", "/2015-03-31/functions");
    expect(headers.get("retry-after")).toBe("1");
    expect(JSON.parse(text)).toMatchObject({ Reason: "CallerRateLimitExceeded" });
    for (let at = 0; at < 100; at += 1) await lab.lambda.send(new GetFunctionCommand({ FunctionName: "rated" }));
    expect(await refusalOf(lab.lambda.send(new GetFunctionCommand({ FunctionName: "rated" })))).toMatchObject({
      status: 429,
    });
    for (let at = 0; at < 15; at += 1)
      await refusalOf(lab.lambda.send(new GetPolicyCommand({ FunctionName: "rated" })));
    expect(await refusalOf(lab.lambda.send(new GetPolicyCommand({ FunctionName: "rated" })))).toMatchObject({
      status: 429,
    });
    for (let at = 0; at < 20; at += 1) await lab.lambda.send(new InvokeCommand({ FunctionName: "rated" }));
    now += 67;
    await list();
    expect(await refusalOf(list())).toMatchObject({ status: 429 });
  });

  it("has API Gateway's limits: 10 calls a second after a burst of 40, a deployment in five seconds", async () => {
    const lab = await open({ throttling: true });
    const { ApiId } = await lab.gateway.send(new CreateApiCommand({ Name: "rated", ProtocolType: "HTTP" }));
    await defineRoutes(lab, ApiId, { $default: undefined });
    const deploy = () => lab.gateway.send(new CreateDeploymentCommand({ ApiId }));
    await deploy();
    expect(await refusalOf(deploy())).toMatchObject({
      name: "TooManyRequestsException",
      status: 429,
      message: "Too Many Requests",
    });
    now += 4999;
    expect(await refusalOf(deploy())).toMatchObject({ status: 429 });
    now += 1;
    await deploy();
    const list = () => lab.gateway.send(new GetApisCommand({}));
    for (let at = 0; at < 39; at += 1) await list();
    expect(await refusalOf(list())).toMatchObject({ name: "TooManyRequestsException", status: 429 });
    now += 100;
    await list();
  });
});

describe("overlapping calls", () => {
  it("on one API are refused, on two are not", async () => {
    const lab = await open({ write: 50 });
    const [one, two] = await Promise.all(
      ["one", "two"].map(
        async (Name) => (await lab.gateway.send(new CreateApiCommand({ Name, ProtocolType: "HTTP" }))).ApiId,
      ),
    );
    const change = (ApiId: string | undefined) => defineRoutes(lab, ApiId, { $default: undefined });
    const slow = change(one);
    await expect.poll(() => sleepers.length).toBe(1);
    expect(await refusalOf(change(one))).toEqual({
      name: "ConflictException",
      status: 409,
      message: "Unable to complete operation due to concurrent modification. Please try again later.",
    });
    const other = change(two);
    await expect.poll(() => sleepers.length).toBe(2);
    await lab.gateway.send(new GetApisCommand({}));
    for (const wake of sleepers.splice(0)) wake();
    await Promise.all([slow, other]);
    const last = change(one);
    await expect.poll(() => sleepers.length).toBe(1);
    for (const wake of sleepers.splice(0)) wake();
    await last;
  });

  it("on one object: the first conditional write wins, and a delete in between is a conflict", async () => {
    const lab = await open({ write: 50 });
    const Bucket = "meeting";
    await lab.s3.send(new CreateBucketCommand({ Bucket }));
    const put = (Body: string, condition: object) =>
      lab.s3.send(new PutObjectCommand({ Bucket, Key: "lease", Body, ...condition }));
    const both = ["a", "b"].map((body) => put(body, { IfNoneMatch: "*" }));
    await expect.poll(() => sleepers.length).toBe(2);
    for (const wake of sleepers.splice(0)) wake();
    const results = await Promise.allSettled(both);
    expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const [winner] = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const renewal = put("c", { IfMatch: winner?.ETag });
    await expect.poll(() => sleepers.length).toBe(1);
    await lab.s3.send(new DeleteObjectCommand({ Bucket, Key: "lease" }));
    for (const wake of sleepers.splice(0)) wake();
    expect(await refusalOf(renewal)).toMatchObject({ name: "ConditionalRequestConflict", status: 409 });
  });
});
