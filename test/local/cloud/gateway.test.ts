/** API Gateway v2's control plane as the SDK's own client sees it. */
import {
  CreateApiCommand,
  type CreateApiCommandInput,
  CreateIntegrationCommand,
  type CreateIntegrationCommandInput,
  CreateRouteCommand,
  DeleteApiCommand,
  DeleteIntegrationCommand,
  DeleteRouteCommand,
  GetApiCommand,
  GetApisCommand,
  GetAuthorizersCommand,
  GetIntegrationCommand,
  GetIntegrationsCommand,
  GetRouteCommand,
  GetRoutesCommand,
  GetTagsCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateIntegrationCommand,
  UpdateRouteCommand,
} from "@aws-sdk/client-apigatewayv2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, openLab, refusalOf } from "./lab.ts";

const arn = "arn:aws:lambda:us-east-1:000000000000:function:app:1";
let lab: Lab;
beforeAll(async () => void (lab = await openLab()));
afterAll(() => lab.close());

async function makeApi(Name = "api", change: Partial<CreateApiCommandInput> = {}): Promise<string> {
  return (await lab.gateway.send(new CreateApiCommand({ Name, ProtocolType: "HTTP", ...change }))).ApiId!;
}

async function integrate(ApiId: string, change: Partial<CreateIntegrationCommandInput> = {}): Promise<string> {
  const input = { ApiId, IntegrationType: "AWS_PROXY" as const, IntegrationUri: arn, PayloadFormatVersion: "2.0", ...change };
  return (await lab.gateway.send(new CreateIntegrationCommand(input))).IntegrationId!;
}

const route = (ApiId: string, RouteKey: string, Target?: string) => lab.gateway.send(new CreateRouteCommand({ ApiId, RouteKey, Target }));

describe("APIs", () => {
  it("are made with a URL of their own, read, tagged and deleted", async () => {
    const ApiId = await makeApi("guestbook--prod", { Description: "d", Tags: { app: "guestbook" } });
    const api = await lab.gateway.send(new GetApiCommand({ ApiId }));
    expect(api).toMatchObject({ ApiId, Name: "guestbook--prod", ProtocolType: "HTTP", Description: "d", Tags: { app: "guestbook" } });
    expect(ApiId).toMatch(/^[a-z0-9]{10}$/);
    expect(api.CreatedDate).toBeInstanceOf(Date);
    const answer = await fetch(api.ApiEndpoint!);
    expect({ status: answer.status, body: (await answer.json()) as unknown }).toEqual({ status: 404, body: { message: "Not Found" } });
    const ResourceArn = `arn:aws:apigateway:us-east-1::/apis/${ApiId}`;
    await lab.gateway.send(new TagResourceCommand({ ResourceArn, Tags: { stage: "prod" } }));
    expect((await lab.gateway.send(new GetTagsCommand({ ResourceArn }))).Tags).toEqual({ app: "guestbook", stage: "prod" });
    await lab.gateway.send(new UntagResourceCommand({ ResourceArn, TagKeys: ["app"] }));
    expect((await lab.gateway.send(new GetTagsCommand({ ResourceArn }))).Tags).toEqual({ stage: "prod" });
    expect((await lab.gateway.send(new DeleteApiCommand({ ApiId }))).$metadata.httpStatusCode).toBe(204);
    expect(await refusalOf(lab.gateway.send(new GetApiCommand({ ApiId })))).toMatchObject({ name: "NotFoundException", status: 404 });
    await expect(fetch(api.ApiEndpoint!)).rejects.toThrow("fetch failed");
  });

  it("come in pages", async () => {
    const made = [await makeApi("paged"), await makeApi("paged"), await makeApi("paged")];
    const found: string[] = [];
    let NextToken: string | undefined;
    for (let page = 0; page < 20 && (page === 0 || NextToken); page += 1) {
      const answer: { Items?: { ApiId?: string | undefined }[] | undefined; NextToken?: string | undefined } = await lab.gateway.send(
        new GetApisCommand({ MaxResults: "2", NextToken }),
      );
      found.push(...answer.Items!.map(({ ApiId }) => ApiId!));
      ({ NextToken } = answer);
    }
    expect(found).toEqual(expect.arrayContaining(made));
    expect(new Set(found).size).toBe(found.length);
    expect(await refusalOf(lab.gateway.send(new GetApisCommand({ NextToken: "x" })))).toMatchObject({
      name: "BadRequestException",
      status: 400,
    });
    expect(await refusalOf(lab.gateway.send(new GetApisCommand({ MaxResults: "0" })))).toMatchObject({ name: "BadRequestException" });
  });

  it.each<[string, Partial<CreateApiCommandInput>]>([
    ["a WebSocket API", { ProtocolType: "WEBSOCKET" }],
    ["no name", { Name: undefined }],
    ["a name over 128", { Name: "a".repeat(129) }],
    ["a CORS configuration, which nothing would honour", { CorsConfiguration: { AllowOrigins: ["*"] } }],
    ["quick create", { Target: arn }],
    ["a system tag", { Tags: { "aws:a": "b" } }],
  ])("refuses %s", async (_, change) => {
    expect(await refusalOf(makeApi("refused", change))).toMatchObject({ name: "BadRequestException", status: 400 });
  });
});

describe("integrations", () => {
  it("are made, read, changed and deleted", async () => {
    const ApiId = await makeApi();
    const IntegrationId = await integrate(ApiId, { TimeoutInMillis: 10_000 });
    expect(await lab.gateway.send(new GetIntegrationCommand({ ApiId, IntegrationId }))).toMatchObject({
      IntegrationType: "AWS_PROXY",
      IntegrationUri: arn,
      PayloadFormatVersion: "2.0",
      TimeoutInMillis: 10_000,
      IntegrationMethod: "POST",
      ConnectionType: "INTERNET",
    });
    const IntegrationUri = `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arn}/invocations`;
    await lab.gateway.send(new UpdateIntegrationCommand({ ApiId, IntegrationId, IntegrationUri }));
    const { Items } = await lab.gateway.send(new GetIntegrationsCommand({ ApiId }));
    expect(Items).toMatchObject([{ IntegrationId, IntegrationUri, TimeoutInMillis: 10_000 }]);
    const { RouteId } = await route(ApiId, "GET /", `integrations/${IntegrationId}`);
    expect(await refusalOf(lab.gateway.send(new DeleteIntegrationCommand({ ApiId, IntegrationId })))).toEqual({
      name: "ConflictException",
      status: 409,
      message: `Cannot delete Integration because it is referenced by the following Routes with Ids: [${RouteId}]`,
    });
    await lab.gateway.send(new DeleteRouteCommand({ ApiId, RouteId }));
    await lab.gateway.send(new DeleteIntegrationCommand({ ApiId, IntegrationId }));
    expect(await refusalOf(lab.gateway.send(new GetIntegrationCommand({ ApiId, IntegrationId })))).toMatchObject({
      name: "NotFoundException",
      status: 404,
    });
  });

  it.each<[string, Partial<CreateIntegrationCommandInput>]>([
    ["another type", { IntegrationType: "HTTP_PROXY" }],
    ["payload 1.0", { PayloadFormatVersion: "1.0" }],
    ["no payload version", { PayloadFormatVersion: undefined }],
    ["no URI", { IntegrationUri: undefined }],
    ["a URI that is no function", { IntegrationUri: "https://example.com" }],
    ["a function of another region", { IntegrationUri: arn.replace("us-east-1", "eu-west-1") }],
    ["a stage variable", { IntegrationUri: `${arn.slice(0, -1)}\${stageVariables.version}` }],
    ["over 30 seconds", { TimeoutInMillis: 30_001 }],
    ["under 50 milliseconds", { TimeoutInMillis: 49 }],
    ["credentials, which nothing would honour", { CredentialsArn: "arn:aws:iam::000000000000:role/lab" }],
  ])("refuses %s", async (_, change) => {
    expect(await refusalOf(integrate(await makeApi(), change))).toMatchObject({ name: "BadRequestException", status: 400 });
  });

  it("are 300 at most", async () => {
    const ApiId = await makeApi();
    for (let at = 0; at < 300; at += 25) await Promise.all(Array.from({ length: 25 }, () => integrate(ApiId)));
    expect(await refusalOf(integrate(ApiId))).toMatchObject({ name: "ConflictException", status: 429 });
  });
});

describe("routes", () => {
  it("are made, read, changed and deleted", async () => {
    const ApiId = await makeApi();
    const [one, two] = [await integrate(ApiId), await integrate(ApiId)];
    const { RouteId } = await route(ApiId, "ANY /users/{id}", `integrations/${one}`);
    await lab.gateway.send(new UpdateRouteCommand({ ApiId, RouteId, Target: `integrations/${two}` }));
    expect(await lab.gateway.send(new GetRouteCommand({ ApiId, RouteId }))).toMatchObject({
      RouteKey: "ANY /users/{id}",
      Target: `integrations/${two}`,
      AuthorizationType: "NONE",
      ApiKeyRequired: false,
    });
    await lab.gateway.send(new DeleteRouteCommand({ ApiId, RouteId }));
    expect((await lab.gateway.send(new GetRoutesCommand({ ApiId }))).Items).toEqual([]);
  });

  it("take every key that an HTTP API takes, once", async () => {
    const ApiId = await makeApi();
    const keys = ["$default", "GET /", "ANY /", "POST /users/{id}", "ANY /files/{path+}", "ANY /나의 방", "PATCH /a/{b}/c/{d}"];
    for (const key of keys) await route(ApiId, key);
    const { Items } = await lab.gateway.send(new GetRoutesCommand({ ApiId }));
    expect(new Set(Items!.map(({ RouteKey }) => RouteKey))).toEqual(new Set(keys));
    expect(await refusalOf(route(ApiId, "GET /"))).toEqual({
      name: "ConflictException",
      status: 409,
      message: "Route with key GET / already exists for this API",
    });
    expect(await refusalOf(route(ApiId, "POST /users/{name}"))).toMatchObject({ name: "ConflictException", status: 409 });
    const { RouteId } = await route(ApiId, "GET /moved");
    expect(await refusalOf(lab.gateway.send(new UpdateRouteCommand({ ApiId, RouteId, RouteKey: "GET /" })))).toMatchObject({
      name: "ConflictException",
    });
  });

  it.each([
    "GET",
    "GET users",
    "FETCH /users",
    "GET /users/",
    "GET //users",
    "GET /{a+}/b",
    "GET /a{b}",
    "GET /{}",
    "GET /{a}/{a}",
    "$connect",
    "get /users",
  ])("refuses the key %s", async (key) => {
    expect(await refusalOf(route(await makeApi(), key))).toMatchObject({ name: "BadRequestException", status: 400 });
  });

  it("refuse a target that is no integration of this API", async () => {
    const ApiId = await makeApi();
    const foreign = await integrate(await makeApi());
    expect(await refusalOf(route(ApiId, "GET /", `integrations/${foreign}`))).toMatchObject({ name: "NotFoundException", status: 404 });
    expect(await refusalOf(route(ApiId, "GET /", foreign))).toMatchObject({ name: "BadRequestException", status: 400 });
  });

  it("are 300 at most", async () => {
    const ApiId = await makeApi();
    for (let at = 0; at < 300; at += 25) await Promise.all(Array.from({ length: 25 }, (_, more) => route(ApiId, `GET /r${at + more}`)));
    expect(await refusalOf(route(ApiId, "GET /more"))).toMatchObject({ name: "ConflictException", status: 429 });
  });
});

describe("what is not spoken", () => {
  it("is refused by method and path", async () => {
    const ApiId = await makeApi();
    expect(await refusalOf(lab.gateway.send(new GetAuthorizersCommand({ ApiId })))).toMatchObject({
      name: "UnknownOperationException",
      message: `Portico's local cloud does not speak GET /v2/apis/${ApiId}/authorizers`,
    });
  });
});
