/** CreateApi, GetApi, GetApis and DeleteApi, called by the AWS SDK's client. */
// @module-tag check
import {
  CreateApiCommand,
  type CreateApiCommandInput,
  CreateRouteCommand,
  DeleteApiCommand,
  GetApiCommand,
  GetApisCommand,
  GetAuthorizersCommand,
} from "@aws-sdk/client-apigatewayv2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, openLab, refusalOf } from "../../lab.ts";

const arn = "arn:aws:lambda:us-east-1:000000000000:function:app:1";
let lab: Lab;
beforeAll(async () => void (lab = await openLab()));
afterAll(() => lab.close());

async function makeApi(Name = "api", change: Partial<CreateApiCommandInput> = {}): Promise<string> {
  return (await lab.gateway.send(new CreateApiCommand({ Name, ProtocolType: "HTTP", ...change }))).ApiId!;
}

describe("APIs", () => {
  it("are created with their own URL, read and deleted", async () => {
    const ApiId = await makeApi("guestbook--prod", { Description: "d", Tags: { app: "guestbook" } });
    const api = await lab.gateway.send(new GetApiCommand({ ApiId }));
    expect(api).toMatchObject({
      ApiId,
      Name: "guestbook--prod",
      ProtocolType: "HTTP",
      Description: "d",
      Tags: { app: "guestbook" },
    });
    expect(ApiId).toMatch(/^[a-z0-9]{10}$/);
    expect(api.CreatedDate).toBeInstanceOf(Date);
    const answer = await fetch(api.ApiEndpoint!);
    expect({ status: answer.status, body: (await answer.json()) as unknown }).toEqual({
      status: 404,
      body: { message: "Not Found" },
    });
    expect((await lab.gateway.send(new DeleteApiCommand({ ApiId }))).$metadata.httpStatusCode).toBe(204);
    expect(await refusalOf(lab.gateway.send(new GetApiCommand({ ApiId })))).toMatchObject({
      name: "NotFoundException",
      status: 404,
    });
    await expect(fetch(api.ApiEndpoint!)).rejects.toThrow("fetch failed");
  });

  it("are listed in pages", async () => {
    const made = [await makeApi("paged"), await makeApi("paged"), await makeApi("paged")];
    const found: string[] = [];
    let NextToken: string | undefined;
    for (let page = 0; page < 20 && (page === 0 || NextToken); page += 1) {
      const answer: { Items?: { ApiId?: string | undefined }[] | undefined; NextToken?: string | undefined } =
        await lab.gateway.send(new GetApisCommand({ MaxResults: "2", NextToken }));
      found.push(...answer.Items!.map(({ ApiId }) => ApiId!));
      ({ NextToken } = answer);
    }
    expect(found).toEqual(expect.arrayContaining(made));
    expect(new Set(found).size).toBe(found.length);
    expect(await refusalOf(lab.gateway.send(new GetApisCommand({ NextToken: "x" })))).toMatchObject({
      name: "BadRequestException",
      status: 400,
    });
    expect(await refusalOf(lab.gateway.send(new GetApisCommand({ MaxResults: "0" })))).toMatchObject({
      name: "BadRequestException",
    });
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

describe("an unsupported operation", () => {
  it("is refused by method and path", async () => {
    const ApiId = await makeApi();
    expect(await refusalOf(lab.gateway.send(new GetAuthorizersCommand({ ApiId })))).toMatchObject({
      name: "UnknownOperationException",
      message: `Portico's local cloud does not support GET /v2/apis/${ApiId}/authorizers`,
    });
    const route = lab.gateway.send(new CreateRouteCommand({ ApiId, RouteKey: "GET /" }));
    expect(await refusalOf(route)).toMatchObject({
      name: "UnknownOperationException",
      message: `Portico's local cloud does not support POST /v2/apis/${ApiId}/routes`,
    });
  });
});
