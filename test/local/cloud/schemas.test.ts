/**
 * Every operation that the local cloud speaks, held against the SDK's own schemas: method, path and status are what they say, and no
 * member of a request is accepted and then ignored: given what it cannot be, each is refused by its name.
 */
import * as gatewaySchemas from "@aws-sdk/client-apigatewayv2";
import * as logsSchemas from "@aws-sdk/client-cloudwatch-logs";
import * as iamSchemas from "@aws-sdk/client-iam";
import * as lambdaSchemas from "@aws-sdk/client-lambda";
import * as s3Schemas from "@aws-sdk/client-s3";
import * as ssmSchemas from "@aws-sdk/client-ssm";
import * as stsSchemas from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiGatewayTable } from "../../../framework/local/cloud/apigateway/table.ts";
import { iamService, stsService } from "../../../framework/local/cloud/iam/services.ts";
import { lambdaTable } from "../../../framework/local/cloud/lambda/table.ts";
import { logsService } from "../../../framework/local/cloud/logs/logs-service.ts";
import { s3Table } from "../../../framework/local/cloud/s3/s3-table.ts";
import { ssmService } from "../../../framework/local/cloud/ssm/ssm-service.ts";
import type { LambdaRuntime } from "../../../framework/local/lambda/outcome.ts";
import { answering, type Lab, noRuntime, openLab, roleArn } from "./lab.ts";
import { sendSigned } from "./signed.ts";

/** `[9, namespace, name, traits, input, output]`: how the SDK writes an operation down. */
interface OperationSchema {
  readonly http: readonly [method: string, path: string, status: number] | undefined;
  readonly members: readonly Member[];
}
interface Member {
  readonly name: string;
  readonly bound: "label" | "query" | "header" | "payload" | "body";
  /** In the query, a header or the body. */
  readonly wire: string;
  /** A text, number or flag; anything else has parts. */
  readonly isSimple: boolean;
}

type Traits = number | Readonly<Record<string, unknown>>;

function schemaOf(schemas: object, operation: string): OperationSchema {
  const found = (schemas as Record<string, unknown>)[`${operation}$`] as readonly unknown[];
  expect(found, `${operation} is no operation of the SDK's`).toBeDefined();
  const { http } = (found[3] || {}) as { http?: readonly [string, string, number] };
  const input = (found[4] as () => unknown)();
  if (!Array.isArray(input)) return { http, members: [] };
  const [, , , , names = [], types = []] = input as unknown as readonly [
    number,
    string,
    string,
    unknown,
    readonly string[],
    readonly unknown[],
  ];
  return { http, members: names.map((name, at) => memberOf(name, types[at])) };
}

function memberOf(name: string, schema: unknown): Member {
  const [type, traits] = (Array.isArray(schema) && schema.length === 2 ? schema : [schema, 0]) as [unknown, Traits];
  // A reference, or below 64 a plain type; 64 and 128 mark lists and maps. A named plain type begins with 0.
  const meant = typeof type === "function" ? (type as () => unknown)() : type;
  const isSimple = typeof meant === "number" ? meant < 64 : Array.isArray(meant) && meant[0] === 0;
  const { httpLabel, httpQuery, httpHeader, httpPrefixHeaders, httpPayload, jsonName } = (
    typeof traits === "object" ? traits : {}
  ) as Record<string, string>;
  if (traits === 1 || httpLabel !== undefined) return { name, bound: "label", wire: name, isSimple };
  if (httpQuery !== undefined) return { name, bound: "query", wire: httpQuery, isSimple };
  const header = httpHeader ?? httpPrefixHeaders;
  if (header !== undefined) return { name, bound: "header", wire: header.toLowerCase(), isSimple };
  if (traits === 16 || httpPayload !== undefined) return { name, bound: "payload", wire: name, isSimple };
  return { name, bound: "body", wire: jsonName ?? name, isSimple };
}

let lab: Lab;
const runtime: LambdaRuntime = {
  ...noRuntime,
  invoke: async () => ({ payload: Buffer.from("{}"), cold: false, durationMs: 1 }),
};
beforeAll(async () => void (lab = await openLab({ runtime })));
afterAll(() => lab.close());

/** A value that a member cannot have. */
const impossible = ({ isSimple }: Member): unknown => (isSimple ? { odd: true } : "odd");
const shownAs = (message: string, name: string): boolean => message.toLowerCase().includes(name.toLowerCase());

interface Call {
  readonly labels?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Tries every member with an impossible value, then makes the call; gives its answer. */
function createRest(service: "lambda" | "apigateway", schemas: object, spoken: Set<string>) {
  return async (operation: string, { labels = {}, query = "", body }: Call = {}): Promise<Record<string, string>> => {
    spoken.add(operation);
    const { http, members } = schemaOf(schemas, operation);
    const [method, template, status] = http!;
    const path = template.replace(/(?<=.)\/$/, "").replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(labels[name]!));
    const send = (search: string, content: object | undefined) =>
      sendSigned(lab.cloud, service, method, path + (search && `?${search}`), content ? JSON.stringify(content) : "");
    for (const member of members) {
      if (member.bound === "label" || member.bound === "header" || member.bound === "payload") continue;
      const inBody = member.bound === "body";
      const wire = service === "apigateway" && inBody ? member.wire.slice(0, 1).toLowerCase() + member.wire.slice(1) : member.wire;
      const content = inBody ? { ...body, [wire]: impossible(member) } : body;
      const refused = await send(inBody ? query : `${wire}=%00odd`, content);
      if (member.bound === "query" && refused.status < 300 && isFree.has(`${operation} ${wire}`)) continue;
      expect([refused.status >= 400 && refused.status < 500, refused.text], `${operation} ${wire}`).toEqual([true, expect.any(String)]);
      if (inBody) expect(shownAs(refused.text, member.name), `${operation} ${wire}: ${refused.text}`).toBe(true);
    }
    const answer = await send(query, body);
    // The schema says 200; what Lambda really answers is told in facts/aws.md section 1.1.
    expect([operation, answer.status], answer.text).toEqual([operation, operation === "DeleteFunction" ? 204 : status]);
    return (answer.text.startsWith("{") ? JSON.parse(answer.text) : {}) as Record<string, string>;
  };
}

/** Query parameters that any text may be. */
const isFree = new Set([
  "UntagResource tagKeys",
  "UntagResource TagKeys",
  "ListAliases FunctionVersion",
  "ImportApi failOnWarnings",
  "ReimportApi failOnWarnings",
  "RemovePermission RevisionId",
]);

describe("REST", () => {
  it("Lambda", async () => {
    const spoken = new Set<string>();
    const speak = createRest("lambda", lambdaSchemas, spoken);
    const labels = { FunctionName: "spoken" };
    const ZipFile = Buffer.from(answering("a")).toString("base64");
    const other = Buffer.from(answering("b")).toString("base64");
    const Resource = "arn:aws:lambda:us-east-1:000000000000:function:spoken";
    const settings = { Runtime: "nodejs24.x", Handler: "index.handler", Role: roleArn };
    await speak("CreateFunction", { body: { FunctionName: "spoken", Code: { ZipFile }, ...settings } });
    await speak("UpdateFunctionConfiguration", { labels, body: { Timeout: 5 } });
    await speak("UpdateFunctionCode", { labels, body: { ZipFile: other } });
    await speak("GetFunction", { labels });
    await speak("GetFunctionConfiguration", { labels });
    await speak("ListFunctions");
    await speak("PublishVersion", { labels, body: {} });
    await speak("ListVersionsByFunction", { labels });
    const grant = { StatementId: "s", Action: "lambda:InvokeFunction", Principal: "apigateway.amazonaws.com" };
    await speak("AddPermission", { labels, body: grant });
    await speak("GetPolicy", { labels });
    await speak("RemovePermission", { labels: { ...labels, StatementId: "s" } });
    await speak("Invoke", { labels });
    await speak("InvokeWithResponseStream", { labels });
    await speak("CreateAlias", { labels, body: { Name: "live", FunctionVersion: "1" } });
    await speak("ListAliases", { labels });
    await speak("GetAlias", { labels: { ...labels, Name: "live" } });
    await speak("UpdateAlias", { labels: { ...labels, Name: "live" }, body: { Description: "d" } });
    await speak("CreateFunctionUrlConfig", { labels, query: "Qualifier=live", body: { AuthType: "NONE" } });
    await speak("GetFunctionUrlConfig", { labels, query: "Qualifier=live" });
    await speak("UpdateFunctionUrlConfig", { labels, query: "Qualifier=live", body: {} });
    await speak("ListFunctionUrlConfigs", { labels });
    await speak("DeleteFunctionUrlConfig", { labels, query: "Qualifier=live" });
    await speak("DeleteAlias", { labels: { ...labels, Name: "live" } });
    await speak("PutFunctionConcurrency", { labels, body: { ReservedConcurrentExecutions: 5 } });
    await speak("GetFunctionConcurrency", { labels });
    await speak("DeleteFunctionConcurrency", { labels });
    await speak("GetAccountSettings");
    await speak("TagResource", { labels: { Resource }, body: { Tags: { a: "b" } } });
    await speak("ListTags", { labels: { Resource } });
    await speak("UntagResource", { labels: { Resource }, query: "tagKeys=a" });
    await speak("DeleteFunction", { labels });
    expect([...spoken].toSorted()).toEqual(Object.keys(lambdaTable).toSorted());
  });

  it("API Gateway v2", async () => {
    const spoken = new Set<string>();
    const speak = createRest("apigateway", gatewaySchemas, spoken);
    const { apiId: ApiId = "" } = await speak("CreateApi", { body: { name: "spoken", protocolType: "HTTP" } });
    const labels = { ApiId } as const;
    const uri = "arn:aws:lambda:us-east-1:000000000000:function:spoken:1";
    const integration = { integrationType: "AWS_PROXY", integrationUri: uri, payloadFormatVersion: "2.0" };
    await speak("GetApis");
    await speak("GetApi", { labels });
    await speak("UpdateApi", { labels, body: { description: "d" } });
    const { integrationId: IntegrationId = "" } = await speak("CreateIntegration", { labels, body: integration });
    await speak("GetIntegrations", { labels });
    await speak("GetIntegration", { labels: { ...labels, IntegrationId } });
    await speak("UpdateIntegration", { labels: { ...labels, IntegrationId }, body: { description: "d" } });
    const { routeId: RouteId = "" } = await speak("CreateRoute", { labels, body: { routeKey: "GET /" } });
    await speak("GetRoutes", { labels });
    await speak("GetRoute", { labels: { ...labels, RouteId } });
    await speak("UpdateRoute", { labels: { ...labels, RouteId }, body: { operationName: "o" } });
    const { deploymentId: DeploymentId = "" } = await speak("CreateDeployment", { labels, body: {} });
    await speak("GetDeployments", { labels });
    await speak("GetDeployment", { labels: { ...labels, DeploymentId } });
    await speak("CreateStage", { labels, body: { stageName: "s", deploymentId: DeploymentId } });
    const StageName = "s";
    await speak("GetStages", { labels });
    await speak("GetStage", { labels: { ...labels, StageName } });
    await speak("UpdateStage", { labels: { ...labels, StageName }, body: { description: "d" } });
    await speak("DeleteStage", { labels: { ...labels, StageName } });
    await speak("DeleteDeployment", { labels: { ...labels, DeploymentId } });
    await speak("DeleteRoute", { labels: { ...labels, RouteId } });
    await speak("DeleteIntegration", { labels: { ...labels, IntegrationId } });
    const document = JSON.stringify({ openapi: "3.0.1", info: { title: "spoken" }, paths: {} });
    await speak("ReimportApi", { labels, body: { body: document } });
    await speak("ImportApi", { body: { body: document } });
    const ResourceArn = `arn:aws:apigateway:us-east-1::/apis/${ApiId}`;
    await speak("TagResource", { labels: { ResourceArn }, body: { tags: { a: "b" } } });
    await speak("GetTags", { labels: { ResourceArn } });
    await speak("UntagResource", { labels: { ResourceArn }, query: "tagKeys=a" });
    await speak("ExportApi", { labels: { ...labels, Specification: "OAS30" }, query: "outputType=JSON" });
    await speak("DeleteApi", { labels });
    expect([...spoken].toSorted()).toEqual(Object.keys(apiGatewayTable).toSorted());
  });

  it("names path parameters and the query as the schemas do", () => {
    for (const [table, schemas] of [
      [lambdaTable, lambdaSchemas],
      [apiGatewayTable, gatewaySchemas],
    ] as const) {
      for (const [operation, [binding]] of Object.entries(table)) {
        const { http, members } = schemaOf(schemas, operation);
        const [where = "", query = ""] = binding.split("?");
        expect(where, operation).toBe(`${http![0]} ${http![1].replace(/(?<=.)\/$/, "")}`);
        const known = members.filter(({ bound }) => bound === "query").map(({ wire }) => wire);
        expect(known, operation).toEqual(expect.arrayContaining(query.split("&").filter(Boolean)));
      }
    }
  });
});

/** As for REST, with the members in one JSON document. */
function createJson(service: "ssm" | "logs", target: string, schemas: object, spoken: Set<string>) {
  return async (operation: string, body: Readonly<Record<string, unknown>> = {}): Promise<void> => {
    spoken.add(operation);
    const { members } = schemaOf(schemas, operation);
    const send = (content: object) =>
      sendSigned(lab.cloud, service, "POST", "/", JSON.stringify(content), {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `${target}.${operation}`,
      });
    for (const member of members) {
      const refused = await send({ ...body, [member.name]: impossible(member) });
      expect([operation, member.name, refused.status], refused.text).toEqual([operation, member.name, 400]);
      expect(shownAs(refused.text, member.name), `${operation} ${member.name}: ${refused.text}`).toBe(true);
    }
    const answer = await send(body);
    expect([operation, answer.status], answer.text).toEqual([operation, 200]);
    expect(answer.headers.get("content-type")).toBe("application/x-amz-json-1.1");
  };
}

describe("JSON 1.1", () => {
  it("SSM", async () => {
    const spoken = new Set<string>();
    const speak = createJson("ssm", ssmService.target, ssmSchemas, spoken);
    const resource = { ResourceType: "Parameter", ResourceId: "/spoken" };
    await speak("PutParameter", { Name: "/spoken", Value: "v", Type: "String" });
    await speak("GetParameter", { Name: "/spoken" });
    await speak("GetParameters", { Names: ["/spoken"] });
    await speak("GetParametersByPath", { Path: "/" });
    await speak("GetParameterHistory", { Name: "/spoken" });
    await speak("DescribeParameters");
    await speak("AddTagsToResource", { ...resource, Tags: [{ Key: "a", Value: "b" }] });
    await speak("ListTagsForResource", resource);
    await speak("RemoveTagsFromResource", { ...resource, TagKeys: ["a"] });
    await speak("DeleteParameter", { Name: "/spoken" });
    await speak("DeleteParameters", { Names: ["/spoken"] });
    expect([...spoken].toSorted()).toEqual(Object.keys(ssmService.operations).toSorted());
  });

  it("CloudWatch Logs", async () => {
    const spoken = new Set<string>();
    const speak = createJson("logs", logsService.target, logsSchemas, spoken);
    const logGroupName = "spoken";
    const stream = { logGroupName, logStreamName: "s" };
    const resourceArn = "arn:aws:logs:us-east-1:000000000000:log-group:spoken";
    await speak("CreateLogGroup", { logGroupName });
    await speak("DescribeLogGroups");
    await speak("PutRetentionPolicy", { logGroupName, retentionInDays: 14 });
    await speak("DeleteRetentionPolicy", { logGroupName });
    await speak("TagResource", { resourceArn, tags: { a: "b" } });
    await speak("ListTagsForResource", { resourceArn });
    await speak("UntagResource", { resourceArn, tagKeys: ["a"] });
    await speak("CreateLogStream", stream);
    await speak("DescribeLogStreams", { logGroupName });
    await speak("PutLogEvents", { ...stream, logEvents: [{ timestamp: Date.now(), message: "m" }] });
    await speak("GetLogEvents", stream);
    await speak("FilterLogEvents", { logGroupName });
    await speak("DeleteLogStream", stream);
    await speak("DeleteLogGroup", { logGroupName });
    expect([...spoken].toSorted()).toEqual(Object.keys(logsService.operations).toSorted());
  });
});

describe("Query", () => {
  it.each([
    ["iam", iamService, iamSchemas],
    ["sts", stsService, stsSchemas],
  ] as const)("%s takes no parameter that it would not read", async (service, { operations, version }, schemas) => {
    for (const Action of Object.keys(operations)) {
      schemaOf(schemas, Action);
      const body = new URLSearchParams({ Action, Version: version, RoleName: "lab", Odd: "1" }).toString();
      const { status, text } = await sendSigned(lab.cloud, service, "POST", "/", body);
      expect([Action, status], text).toEqual([Action, 400]);
      expect(text).toMatch(/does not speak the parameter (?:Odd|RoleName)/);
    }
  });
});

describe("S3", () => {
  it("binds operations as the schemas do, and knows no header or query that they do not", () => {
    for (const [operation, { binding, query = [], headers = [] }] of Object.entries(s3Table)) {
      const { http, members } = schemaOf(s3Schemas, operation);
      const [method, path] = http!;
      const [place = "", sub] = path.replace(/[?&]x-id=\w+/, "").split("?");
      const bucket = operation === "ListBuckets" ? "/" : `/{Bucket}${place === "/" ? "" : place}`;
      expect(binding, operation).toBe(`${method} ${bucket}${sub ? `?${sub}` : ""}`);
      const wires = (bound: Member["bound"]) => members.filter((member) => member.bound === bound).map(({ wire }) => wire);
      expect(wires("query"), operation).toEqual(expect.arrayContaining([...query]));
      expect(wires("header"), operation).toEqual(expect.arrayContaining(headers.map((name) => name.replace("*", ""))));
    }
  });

  it("refuses every other header and query of the schemas by name", async () => {
    await lab.s3.send(new s3Schemas.CreateBucketCommand({ Bucket: "spoken" }));
    for (const [operation, { binding, query = [], headers = [] }] of Object.entries(s3Table)) {
      const [method = "", place = ""] = binding.split(" ");
      const path = place.replace("{Bucket}", "spoken").replace("{Key+}", "key");
      for (const { bound, wire } of schemaOf(s3Schemas, operation).members) {
        if (bound === "query" && !query.includes(wire)) {
          const { text, status } = await sendSigned(lab.cloud, "s3", method, `${path}${path.includes("?") ? "&" : "?"}${wire}=x`);
          expect([operation, wire, status], text).toEqual([operation, wire, 501]);
        }
        const isPlain =
          !/^(?:x-amz-|if-|range)/.test(wire) || /^x-amz-(?:expected-bucket-owner|sdk-checksum-algorithm|checksum-)/.test(wire);
        if (bound === "header" && !isPlain && !headers.some((known) => wire === known.replace("*", ""))) {
          const { text, status } = await sendSigned(lab.cloud, "s3", method, path, "", { [wire]: "x" });
          expect([operation, wire, status], text).toEqual([operation, wire, 501]);
        }
      }
    }
  });
});
