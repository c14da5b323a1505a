/** Requests to deployed HTTP APIs: real zips in the real Lambda runtime. */
import {
  CreateApiCommand,
  CreateDeploymentCommand,
  CreateStageCommand,
  UpdateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import {
  AddPermissionCommand,
  type AddPermissionCommandInput,
  GetFunctionCommand,
  InvokeCommand,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AccessRecord } from "../../../../framework/http/access-log.ts";
import type { LambdaRuntime } from "../../../../framework/emulation/lambda/invocation.ts";
import { createLambdaRuntime } from "../../../../framework/emulation/lambda/runtime.ts";
import { send } from "../../../conformance/raw-client.ts";
import { raw } from "../../../http/raw-client.ts";
import { answering, type Lab, makeFunction, moduleZip, openLab, defineRoutes } from "../../lab.ts";
import { patient } from "../../../emulation/lambda/patient.ts";

const accesses: AccessRecord[] = [];
let runtime: LambdaRuntime;
let lab: Lab;
beforeAll(async () => {
  runtime = createLambdaRuntime({ ...patient, onLog: () => {} });
  lab = await openLab({ runtime, onAccess: (access) => accesses.push(access) });
  await makeFunction(lab, "echo", {
    Publish: true,
    Timeout: 2,
    Code: { ZipFile: echo },
    Environment: { Variables: { GREETING: "안녕" } },
  });
});
afterAll(async () => {
  await lab.close();
  await runtime.close();
});

const echo = moduleZip(`
export const handler = async (event, context) => {
  if (event.rawQueryString === "throw") throw new Error("secret detail");
  if (event.rawQueryString === "hang") await new Promise(() => setInterval(() => {}, 1000));
  if (event.rawQueryString === "odd") return { statusCode: "none" };
  if (event.rawQueryString === "exit") process.exit(3);
  if (event.rawPath.endsWith("/made")) {
    const headers = { "content-type": "image/png", "x-one": "1" };
    return { statusCode: 201, headers, cookies: ["a=1; Path=/", "b=2"], body: "iVBORw==", isBase64Encoded: true };
  }
  const { GREETING: greeting, AWS_LAMBDA_FUNCTION_VERSION: version } = process.env;
  return { event, greeting, arn: context.invokedFunctionArn, version };
};`);

interface Deployed {
  readonly ApiId: string;
  readonly url: string;
  /** All of its routes: by route key, the ARN of a function or the members of an integration. */
  define(routes: Parameters<typeof defineRoutes>[2]): Promise<void>;
  snapshot(): Promise<string>;
  stage(StageName: string, DeploymentId: string): Promise<void>;
}

async function openApi(): Promise<Deployed> {
  const { ApiId, ApiEndpoint } = await lab.gateway.send(new CreateApiCommand({ Name: "data", ProtocolType: "HTTP" }));
  return {
    ApiId: ApiId!,
    url: ApiEndpoint!,
    define: (routes) => defineRoutes(lab, ApiId, routes),
    snapshot: async () => (await lab.gateway.send(new CreateDeploymentCommand({ ApiId }))).DeploymentId!,
    stage: async (StageName, DeploymentId) =>
      void (await lab.gateway.send(new CreateStageCommand({ ApiId, StageName, DeploymentId }))),
  };
}

const arnOf = (name: string, version: string): string =>
  `arn:aws:lambda:us-east-1:000000000000:function:${name}:${version}`;

function grant(
  name: string,
  Qualifier: string | undefined,
  ApiId: string,
  change: Partial<AddPermissionCommandInput> = {},
): Promise<unknown> {
  const SourceArn = `arn:aws:execute-api:us-east-1:000000000000:${ApiId}/*/*`;
  const input = {
    FunctionName: name,
    Qualifier,
    StatementId: `s-${ApiId}`,
    Action: "lambda:InvokeFunction",
    Principal: "apigateway.amazonaws.com",
    SourceArn,
  };
  return lab.lambda.send(new AddPermissionCommand({ ...input, ...change }));
}

describe("a request", () => {
  let api: Deployed;
  beforeAll(async () => {
    api = await openApi();
    const keys = ["ANY /users/{id}", "GET /only", "ANY /files/{path+}", "$default"];
    await api.define(Object.fromEntries(keys.map((key) => [key, arnOf("echo", "1")])));
    const deployment = await api.snapshot();
    await api.stage("$default", deployment);
    await api.stage("candidate", deployment);
    await grant("echo", "1", api.ApiId);
  });

  it("becomes a payload 2.0 event of the matching route", async () => {
    const answer = await fetch(`${api.url}/users/%EC%95%88?a=1&a=2`, {
      method: "PUT",
      body: "x",
      headers: { cookie: "c=1", "content-type": "text/plain" },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("apigw-requestid")).toBeTruthy();
    const { event, greeting, arn, version } = (await answer.json()) as Record<string, never>;
    expect({ greeting, arn, version }).toEqual({ greeting: "안녕", arn: arnOf("echo", "1"), version: "1" });
    expect(event).toMatchObject({
      version: "2.0",
      routeKey: "ANY /users/{id}",
      rawPath: "/users/안",
      rawQueryString: "a=1&a=2",
      queryStringParameters: { a: "1,2" },
      pathParameters: { id: "안" },
      cookies: ["c=1"],
      body: "x",
      isBase64Encoded: false,
      requestContext: {
        accountId: "000000000000",
        apiId: api.ApiId,
        stage: "$default",
        http: { method: "PUT", path: "/users/안", sourceIp: "127.0.0.1" },
      },
    });
  });

  it("with a stage name as first segment goes to that stage, and rawPath contains the name", async () => {
    const { event } = (await (await fetch(`${api.url}/candidate/users/7`)).json()) as {
      event: Record<string, unknown>;
    };
    expect(event).toMatchObject({
      rawPath: "/candidate/users/7",
      routeKey: "ANY /users/{id}",
      pathParameters: { id: "7" },
      requestContext: { stage: "candidate" },
    });
    const root = (await (await fetch(`${api.url}/candidate`)).json()) as { event: Record<string, unknown> };
    expect(root.event).toMatchObject({ routeKey: "$default", requestContext: { stage: "candidate" } });
    const other = (await (await fetch(`${api.url}/candidates/users/7`)).json()) as { event: Record<string, unknown> };
    expect(other.event).toMatchObject({ routeKey: "$default", requestContext: { stage: "$default" } });
  });

  it("receives the function's status, headers, cookies and binary body", async () => {
    const answer = await fetch(`${api.url}/made`);
    expect({
      status: answer.status,
      type: answer.headers.get("content-type"),
      one: answer.headers.get("x-one"),
    }).toEqual({
      status: 201,
      type: "image/png",
      one: "1",
    });
    expect(answer.headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2"]);
    expect(Buffer.from(await answer.arrayBuffer()).toString("base64")).toBe("iVBORw==");
  });

  it.each(["throw", "odd", "exit"])("receives 500 without details when the function fails (%s)", async (failure) => {
    const answer = await fetch(`${api.url}/x?${failure}`);
    expect({ status: answer.status, text: await answer.text() }).toEqual({
      status: 500,
      text: '{"message":"Internal Server Error"}',
    });
  });

  it("receives 503 when the function or the integration times out", async () => {
    const hung = await fetch(`${api.url}/x?hang`);
    expect({ status: hung.status, text: await hung.text() }).toEqual({
      status: 503,
      text: '{"message":"Service Unavailable"}',
    });
    const slow = await openApi();
    await slow.define({ $default: { uri: arnOf("echo", "1"), timeoutInMillis: 50 } });
    await slow.stage("$default", await slow.snapshot());
    await grant("echo", "1", slow.ApiId);
    expect((await fetch(`${slow.url}/x?hang`)).status).toBe(503);
  });

  it("is refused with an unknown Host, a malformed escape or a body over 10 MB", async () => {
    const rebound = await raw(Number(new URL(api.url).port), [
      "GET / HTTP/1.1",
      "Host: evil.example",
      "Connection: close",
      "",
      "",
    ]);
    expect(rebound).toMatch(/^HTTP\/1\.1 403 /);
    expect((await fetch(`${api.url}/users/%E0%A4%A`)).status).toBe(400);
    const long = { method: "POST", target: "/x", body: Buffer.alloc(10 * 1024 * 1024 + 1) };
    expect((await send(api.url, long)).status).toBe(413);
  });

  it("is written to the access log", async () => {
    for (let at = 0; at < 2; at += 1) await (await fetch(`${api.url}/users/8?q=1`)).text();
    expect(accesses.slice(-1)).toMatchObject([
      { method: "GET", target: "/users/8?q=1", status: 200, route: "ANY /users/{id}", cold: false },
    ]);
    expect(accesses.at(-1)!.bytes).toBeGreaterThan(100);
  });

  it("receives 404 without a stage, a deployment or a route", async () => {
    const bare = await openApi();
    const notFound = { status: 404, text: '{"message":"Not Found"}' };
    const ask = async () => {
      const answer = await fetch(`${bare.url}/a`);
      return { status: answer.status, text: await answer.text() };
    };
    expect(await ask()).toEqual(notFound);
    await bare.define({ "POST /a": arnOf("echo", "1") });
    await lab.gateway.send(new CreateStageCommand({ ApiId: bare.ApiId, StageName: "$default" }));
    expect(await ask()).toEqual(notFound);
    await lab.gateway.send(
      new UpdateStageCommand({ ApiId: bare.ApiId, StageName: "$default", DeploymentId: await bare.snapshot() }),
    );
    expect(await ask()).toEqual(notFound);
  });
});

describe("the resource policy", () => {
  it("of exactly that qualifier decides; without a permission the response is 500", async () => {
    await makeFunction(lab, "guarded", { Publish: true, Code: { ZipFile: answering("in") } });
    const api = await openApi();
    await api.define({ "GET /a/{b}": arnOf("guarded", "1") });
    await api.stage("$default", await api.snapshot());
    const status = async () => (await fetch(`${api.url}/a/b`)).status;
    expect(await status()).toBe(500);
    const SourceArn = (part: string): string => `arn:aws:execute-api:us-east-1:000000000000:${part}`;
    const useless: [string | undefined, Partial<AddPermissionCommandInput>][] = [
      [undefined, { StatementId: "unqualified" }],
      ["1", { StatementId: "another-api", SourceArn: SourceArn("another/*/*") }],
      ["1", { StatementId: "another-stage", SourceArn: SourceArn(`${api.ApiId}/candidate/*`) }],
      ["1", { StatementId: "another-method", SourceArn: SourceArn(`${api.ApiId}/*/POST/*`) }],
      ["1", { StatementId: "another-action", Action: "lambda:GetFunction" }],
      ["1", { StatementId: "another-service", Principal: "s3.amazonaws.com" }],
      ["1", { StatementId: "another-account", SourceAccount: "111111111111" }],
    ];
    for (const [qualifier, change] of useless) await grant("guarded", qualifier, api.ApiId, change);
    expect(await status()).toBe(500);
    await grant("guarded", "1", api.ApiId, {
      StatementId: "exact",
      SourceArn: SourceArn(`${api.ApiId}/$default/GET/a/{b}`),
    });
    expect(await status()).toBe(200);
  });

  it("does not apply to clients with the key", async () => {
    await makeFunction(lab, "held", { Publish: true, Code: { ZipFile: answering("in") } });
    const { Payload, ExecutedVersion } = await lab.lambda.send(
      new InvokeCommand({ FunctionName: "held", Qualifier: "1" }),
    );
    expect(JSON.parse(Buffer.from(Payload!).toString())).toMatchObject({ statusCode: 200, body: "in" });
    expect(ExecutedVersion).toBe("1");
  });
});

describe("a deployment", () => {
  it("is a snapshot: edits are invisible until UpdateStage switches to it, and another one switches back", async () => {
    await makeFunction(lab, "release", { Publish: true, Code: { ZipFile: answering("one") } });
    await lab.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: "release", ZipFile: answering("two") }));
    await lab.lambda.send(new PublishVersionCommand({ FunctionName: "release" }));
    const api = await openApi();
    const { ApiId } = api;
    for (const version of ["1", "2"]) await grant("release", version, ApiId);
    await api.define({ "GET /old": arnOf("release", "1"), "GET /both": arnOf("release", "1") });
    const first = await api.snapshot();
    await api.stage("$default", first);
    const see = async () => {
      const answers = await Promise.all(["/old", "/both", "/new"].map((path) => fetch(api.url + path)));
      return Promise.all(answers.map(async (answer) => (answer.status === 200 ? answer.text() : answer.status)));
    };
    expect(await see()).toEqual(["one", "one", 404]);
    await api.define({ "GET /both": arnOf("release", "2"), "GET /new": arnOf("release", "2") });
    expect(await see()).toEqual(["one", "one", 404]);
    const second = await api.snapshot();
    expect(await see()).toEqual(["one", "one", 404]);
    await lab.gateway.send(new UpdateStageCommand({ ApiId, StageName: "$default", DeploymentId: second }));
    expect(await see()).toEqual([404, "two", "two"]);
    await lab.gateway.send(new UpdateStageCommand({ ApiId, StageName: "$default", DeploymentId: first }));
    expect(await see()).toEqual(["one", "one", 404]);
  });
});

describe("a restart", () => {
  it("keeps everything after a server that was not closed", async () => {
    const api = await openApi();
    await api.define({ $default: arnOf("echo", "1") });
    await api.stage("$default", await api.snapshot());
    await api.stage("s", await api.snapshot());
    await grant("echo", "1", api.ApiId);
    const before = await lab.lambda.send(new GetFunctionCommand({ FunctionName: "echo", Qualifier: "1" }));
    const moved: string[] = [];
    // The first server still listens on the ports: the apps get new ones, and log that.
    await lab.restart({ onLog: (line) => moved.push(line) });
    const after = await lab.lambda.send(new GetFunctionCommand({ FunctionName: "echo", Qualifier: "1" }));
    expect(after.Configuration).toEqual(before.Configuration);
    const mine = lab.cloud.apps().filter(({ name, stage }) => name === "data" && stage === "s");
    expect(mine).toHaveLength(1);
    const url = mine[0]!.url;
    expect(url).not.toContain(api.url);
    expect(moved.some((line) => line.includes(new URL(api.url).port) && line.includes(new URL(url).port))).toBe(true);
    const { event } = (await (await fetch(`${url}users`)).json()) as { event: unknown };
    expect(event).toMatchObject({ rawPath: "/s/users" });
  });
});
