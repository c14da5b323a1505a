/** ReimportApi: a document replaces the complete working configuration atomically, and no deployment. */
// @module-tag check
import {
  CreateApiCommand,
  CreateDeploymentCommand,
  CreateStageCommand,
  GetApiCommand,
  GetIntegrationsCommand,
  GetRoutesCommand,
  ReimportApiCommand,
} from "@aws-sdk/client-apigatewayv2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defineRoutes, type Lab, openLab, refusalOf } from "../../lab.ts";

let lab: Lab;
beforeAll(async () => void (lab = await openLab()));
afterAll(() => lab.close());

const arn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
const longUri = (name: string) =>
  `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arn(name)}/invocations`;
const integration = (name: string, more: object = {}) => ({
  type: "AWS_PROXY",
  httpMethod: "POST",
  connectionType: "INTERNET",
  payloadFormatVersion: "2.0",
  uri: arn(name),
  ...more,
});
const operation = (name: string, more: object = {}) => ({ "x-amazon-apigateway-integration": integration(name, more) });
const documentOf = (paths: object, more: object = {}) =>
  JSON.stringify({ openapi: "3.0.1", info: { title: "app-prod", version: "r0042" }, paths, ...more });
const full = documentOf(
  {
    "/users/{id}": {
      get: { operationId: "user", responses: {}, ...operation("users:7", { timeoutInMillis: 29_000 }) },
    },
    "/files/{path+}": {
      "x-amazon-apigateway-any-method": {
        "x-amazon-apigateway-integration": { $ref: "#/components/x-amazon-apigateway-integrations/files" },
      },
    },
    "/files": {
      "x-amazon-apigateway-any-method": {
        "x-amazon-apigateway-integration": { $ref: "#/components/x-amazon-apigateway-integrations/files" },
      },
    },
    "/$default": {
      "x-amazon-apigateway-any-method": {
        isDefaultRoute: true,
        ...operation("assets:3", { type: "aws_proxy", uri: longUri("assets:3") }),
      },
    },
  },
  {
    tags: [{ name: "app", "x-amazon-apigateway-tag-value": "guestbook" }, { name: "only a word" }],
    components: { "x-amazon-apigateway-integrations": { files: integration("files:1") } },
  },
);

const open = async (): Promise<string> =>
  (await lab.gateway.send(new CreateApiCommand({ Name: "before", ProtocolType: "HTTP", Tags: { old: "1" } }))).ApiId!;
const reimport = (ApiId: string, Body: string, FailOnWarnings = true) =>
  lab.gateway.send(new ReimportApiCommand({ ApiId, Body, FailOnWarnings }));
const routesOf = async (ApiId: string) =>
  (await lab.gateway.send(new GetRoutesCommand({ ApiId, MaxResults: "500" }))).Items!;
const integrationsOf = async (ApiId: string) =>
  (await lab.gateway.send(new GetIntegrationsCommand({ ApiId, MaxResults: "500" }))).Items!;

describe("ReimportApi", () => {
  it("replaces name, version, tags, routes and integrations, with new ids each time", async () => {
    const ApiId = await open();
    await reimport(ApiId, documentOf({ "/old": { get: operation("old") } }));
    const answer = await reimport(ApiId, full);
    expect(answer).toMatchObject({
      $metadata: { httpStatusCode: 201 },
      ApiId,
      Name: "app-prod",
      Version: "r0042",
      Tags: { app: "guestbook" },
    });
    expect(answer.Warnings).toBeUndefined();
    expect((await lab.gateway.send(new GetApiCommand({ ApiId }))).Name).toBe("app-prod");
    const routes = await routesOf(ApiId);
    expect(routes.map(({ RouteKey }) => RouteKey)).toEqual([
      "GET /users/{id}",
      "ANY /files/{path+}",
      "ANY /files",
      "$default",
    ]);
    expect(routes[0]!.OperationName).toBe("user");
    const integrations = await integrationsOf(ApiId);
    expect(integrations).toHaveLength(3);
    const uriOf = (key: string) => {
      const { Target } = routes.find(({ RouteKey }) => RouteKey === key)!;
      return integrations.find((one) => `integrations/${one.IntegrationId}` === Target)!;
    };
    expect(uriOf("GET /users/{id}")).toMatchObject({
      IntegrationUri: arn("users:7"),
      TimeoutInMillis: 29_000,
      IntegrationType: "AWS_PROXY",
    });
    expect(uriOf("ANY /files")).toEqual(uriOf("ANY /files/{path+}"));
    expect(uriOf("$default")).toMatchObject({
      IntegrationUri: longUri("assets:3"),
      TimeoutInMillis: 30_000,
      PayloadFormatVersion: "2.0",
    });
    await reimport(ApiId, full);
    const again = new Set([
      ...(await routesOf(ApiId)).map(({ RouteId }) => RouteId),
      ...(await integrationsOf(ApiId)).map((one) => one.IntegrationId),
    ]);
    for (const { RouteId } of routes) expect(again).not.toContain(RouteId);
    for (const one of integrations) expect(again).not.toContain(one.IntegrationId);
  });

  it("warns of routes without an integration, or refuses them", async () => {
    const ApiId = await open();
    const document = documentOf({ "/bare": { get: {} } });
    expect((await reimport(ApiId, document, false)).Warnings).toEqual(["The route GET /bare has no integration"]);
    expect(await refusalOf(reimport(ApiId, document))).toMatchObject({ name: "BadRequestException", status: 400 });
  });

  it("changes nothing when it fails", async () => {
    const ApiId = await open();
    await reimport(ApiId, full);
    const before = await routesOf(ApiId);
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`/r${at}`, { get: operation(`f:${at + 1}`) }]));
    const odd: Record<string, string> = {
      "no JSON": "openapi: 3.0.1",
      "another version": full.replace("3.0.1", "3.1.0"),
      "no paths": JSON.stringify({ openapi: "3.0.1", info: { title: "x", version: "1" } }),
      "two of one": documentOf({ "/a/{b}": { get: operation("a:1") }, "/a/{c}": { get: operation("a:1") } }),
      "a slash at the end": documentOf({ "/a/": { get: operation("a:1") } }),
      "another type": documentOf({ "/a": { get: operation("a:1", { type: "HTTP_PROXY" }) } }),
      "payload 1.0": documentOf({ "/a": { get: operation("a:1", { payloadFormatVersion: "1.0" }) } }),
      "no payload version": documentOf({ "/a": { get: operation("a:1", { payloadFormatVersion: undefined }) } }),
      "a foreign function": documentOf({
        "/a": { get: operation("a:1", { uri: arn("a:1").replace("us-east-1", "eu-west-1") }) },
      }),
      "a role": documentOf({ "/a": { get: operation("a:1", { credentials: "arn:aws:iam::000000000000:role/x" }) } }),
      "a long timeout": documentOf({ "/a": { get: operation("a:1", { timeoutInMillis: 30_001 }) } }),
      "a lost reference": documentOf({
        "/a": {
          get: { "x-amazon-apigateway-integration": { $ref: "#/components/x-amazon-apigateway-integrations/no" } },
        },
      }),
      "a default that is none": documentOf({
        "/a": { "x-amazon-apigateway-any-method": { isDefaultRoute: true, ...operation("a:1") } },
      }),
      CORS: documentOf({ "/a": { get: operation("a:1") } }, { "x-amazon-apigateway-cors": {} }),
      security: documentOf({ "/a": { get: { security: [], ...operation("a:1") } } }),
      "a tag of AWS": documentOf({}, { tags: [{ name: "aws:x", "x-amazon-apigateway-tag-value": "1" }] }),
    };
    for (const [what, document] of Object.entries(odd)) {
      expect(await refusalOf(reimport(ApiId, document)), what).toMatchObject({
        status: what === "two of one" ? 409 : 400,
      });
    }
    expect(await refusalOf(reimport(ApiId, documentOf(many(301))))).toMatchObject({
      name: "ConflictException",
      status: 429,
    });
    expect(await routesOf(ApiId)).toEqual(before);
    await reimport(ApiId, documentOf(many(300)));
    expect(await routesOf(ApiId)).toHaveLength(300);
  });

  it("does not change deployments and stages", async () => {
    const ApiId = await open();
    await reimport(ApiId, documentOf({ "/users/{id}": { get: operation("users:7") } }));
    const { DeploymentId } = await lab.gateway.send(new CreateDeploymentCommand({ ApiId }));
    await lab.gateway.send(new CreateStageCommand({ ApiId, StageName: "$default", DeploymentId }));
    await reimport(ApiId, documentOf({ "/only": { get: operation("only:1") } }));
    const { ApiEndpoint } = await lab.gateway.send(new GetApiCommand({ ApiId }));
    // Neither function exists: a route responds 500, a missing route 404.
    const statusOf = async (path: string) => (await fetch(`${ApiEndpoint}/${path}`)).status;
    expect(await Promise.all(["users/1", "only"].map(statusOf))).toEqual([500, 404]);
  });

  it("accepts every valid route key, and its result survives a restart", async () => {
    const ApiId = await open();
    const keys = [
      "$default",
      "GET /",
      "ANY /",
      "POST /users/{id}",
      "ANY /files/{path+}",
      "ANY /나의 방",
      "PATCH /a/{b}/c/{d}",
    ];
    await defineRoutes(lab, ApiId, Object.fromEntries(keys.map((key) => [key, undefined])));
    await lab.restart();
    expect(new Set((await routesOf(ApiId)).map(({ RouteKey }) => RouteKey))).toEqual(new Set(keys));
  });

  it.each(["users", "/users/", "//users", "/{a+}/b", "/a{b}", "/{}", "/{a}/{a}", "$connect"])(
    "refuses the path %s",
    async (path) => {
      expect(await refusalOf(reimport(await open(), documentOf({ [path]: { get: operation("a:1") } })))).toMatchObject({
        status: 400,
      });
    },
  );

  it("fails for a missing API", async () => {
    expect(await refusalOf(reimport("nothing", full))).toMatchObject({ name: "NotFoundException", status: 404 });
  });
});
