/**
 * Every operation of the local AWS against the SDK's schemas: method, path and status are equal, and no member of a
 * request is ignored, since an invalid value of any of them is refused by name.
 */
// @module-tag check
import * as gatewaySchemas from "@aws-sdk/client-apigatewayv2";
import * as logsSchemas from "@aws-sdk/client-cloudwatch-logs";
import * as dynamoSchemas from "@aws-sdk/client-dynamodb";
import * as iamSchemas from "@aws-sdk/client-iam";
import * as lambdaSchemas from "@aws-sdk/client-lambda";
import * as s3Schemas from "@aws-sdk/client-s3";
import * as schedulerSchemas from "@aws-sdk/client-scheduler";
import * as sqsSchemas from "@aws-sdk/client-sqs";
import * as ssmSchemas from "@aws-sdk/client-ssm";
import * as stsSchemas from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { UseName } from "../../../framework/cloud/aws/backends.ts";
import type { RestOperations } from "../../../framework/cloud/aws/rest-operation.ts";
import { apiGatewayOperations } from "../../../framework/cloud/aws/apigateway/operations.ts";
import { tableOperations } from "../../../framework/cloud/aws/dynamodb/service.ts";
import { iamApi, stsApi } from "../../../framework/cloud/aws/iam/operations.ts";
import { lambdaOperations } from "../../../framework/cloud/aws/lambda/operations.ts";
import { logsApi } from "../../../framework/cloud/aws/logs/operations.ts";
import { s3Operations } from "../../../framework/cloud/aws/s3/operations.ts";
import { schedulerOperations } from "../../../framework/cloud/aws/scheduler/operations.ts";
import { queueControls } from "../../../framework/cloud/aws/sqs/service.ts";
import { ssmApi } from "../../../framework/cloud/aws/ssm/operations.ts";
import { itemOperations } from "../../../framework/emulation/dynamodb/data-plane.ts";
import { queueOperations } from "../../../framework/emulation/sqs/data-plane.ts";
import type { LambdaRuntime } from "../../../framework/emulation/lambda/invocation.ts";
import { answering, type Lab, noRuntime, openLab, roleArn } from "../lab.ts";
import { tableInput } from "./dynamodb/store-table.ts";
import { makeSchedulerRole } from "./scheduler/scheduler-role.ts";
import { sendSigned } from "./signed.ts";

/** `[9, namespace, name, traits, input, output]`: the SDK's schema of an operation. */
interface OperationSchema {
  readonly http: readonly [method: string, path: string, status: number] | undefined;
  readonly members: readonly Member[];
}
interface Member {
  readonly name: string;
  readonly bound: "label" | "query" | "header" | "payload" | "body";
  /** The name in the query, the header or the body. */
  readonly wire: string;
  /** A string, number or boolean. */
  readonly isSimple: boolean;
}

type Traits = number | Readonly<Record<string, unknown>>;

function schemaOf(schemas: object, operation: string): OperationSchema {
  const found = (schemas as Record<string, unknown>)[`${operation}$`] as readonly unknown[];
  expect(found, `${operation} is not an operation of the SDK`).toBeDefined();
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
  // A reference, or a simple type below 64; 64 and 128 mark lists and maps. A named simple type begins with 0.
  const resolved = typeof type === "function" ? (type as () => unknown)() : type;
  const isSimple = typeof resolved === "number" ? resolved < 64 : Array.isArray(resolved) && resolved[0] === 0;
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

/** An invalid value of a member. */
const invalidValue = ({ isSimple }: Member): unknown => (isSimple ? { odd: true } : "odd");
const shownAs = (message: string, name: string): boolean => message.toLowerCase().includes(name.toLowerCase());

interface Input {
  readonly labels?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Calls an operation with an invalid value of every member, then correctly; returns the response. */
function createRest(service: "lambda" | "apigateway" | "scheduler", schemas: object, called: Set<string>) {
  return async (operation: string, { labels = {}, query = "", body }: Input = {}): Promise<Record<string, string>> => {
    called.add(operation);
    const { http, members } = schemaOf(schemas, operation);
    const [method, template, status] = http!;
    const path = template
      .replace(/(?<=.)\/$/, "")
      .replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(labels[name]!));
    const send = (search: string, content: object | undefined) =>
      sendSigned(lab.cloud, service, method, path + (search && `?${search}`), content ? JSON.stringify(content) : "");
    for (const member of members) {
      if (member.bound === "label" || member.bound === "header" || member.bound === "payload") continue;
      const inBody = member.bound === "body";
      const wire =
        service === "apigateway" && inBody ? member.wire.slice(0, 1).toLowerCase() + member.wire.slice(1) : member.wire;
      const content = inBody ? { ...body, [wire]: invalidValue(member) } : body;
      const refused = await send(inBody ? query : `${wire}=%00odd`, content);
      if (member.bound === "query" && refused.status < 300 && isFree.has(`${operation} ${wire}`)) continue;
      expect([refused.status >= 400 && refused.status < 500, refused.text], `${operation} ${wire}`).toEqual([
        true,
        expect.any(String),
      ]);
      if (inBody) expect(shownAs(refused.text, member.name), `${operation} ${wire}: ${refused.text}`).toBe(true);
    }
    const answer = await send(query, body);
    // Lambda responds 204, although the schema says 200 (API reference, DeleteFunction).
    expect([operation, answer.status], answer.text).toEqual([operation, operation === "DeleteFunction" ? 204 : status]);
    return (answer.text.startsWith("{") ? JSON.parse(answer.text) : {}) as Record<string, string>;
  };
}

/** Query parameters without invalid values. */
const isFree = new Set(["ListAliases FunctionVersion", "ReimportApi failOnWarnings", "RemovePermission RevisionId"]);

/** A queue that the role may read. */
async function makeMappable(): Promise<{ readonly EventSourceArn: string }> {
  await lab.sqs.send(new sqsSchemas.CreateQueueCommand({ QueueName: "mapped" }));
  const Statement = [{ Effect: "Allow", Action: "sqs:*", Resource: "*" }];
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  const policy = { RoleName: "lab", PolicyName: "queue", PolicyDocument };
  await lab.iam.send(new iamSchemas.PutRolePolicyCommand(policy));
  return { EventSourceArn: "arn:aws:sqs:us-east-1:000000000000:mapped" };
}

describe("REST", () => {
  it("Lambda", async () => {
    const called = new Set<string>();
    const call = createRest("lambda", lambdaSchemas, called);
    const labels = { FunctionName: "called" };
    const ZipFile = Buffer.from(answering("a")).toString("base64");
    const other = Buffer.from(answering("b")).toString("base64");
    const Resource = "arn:aws:lambda:us-east-1:000000000000:function:called";
    const settings = { Runtime: "nodejs24.x", Handler: "index.handler", Role: roleArn };
    await call("CreateFunction", { body: { FunctionName: "called", Code: { ZipFile }, ...settings } });
    await call("UpdateFunctionConfiguration", { labels, body: { Timeout: 5 } });
    await call("UpdateFunctionCode", { labels, body: { ZipFile: other } });
    await call("GetFunction", { labels });
    await call("GetFunctionConfiguration", { labels });
    await call("ListFunctions");
    await call("PublishVersion", { labels, body: {} });
    await call("ListVersionsByFunction", { labels });
    const grant = { StatementId: "s", Action: "lambda:InvokeFunction", Principal: "apigateway.amazonaws.com" };
    await call("AddPermission", { labels, body: grant });
    await call("GetPolicy", { labels });
    await call("RemovePermission", { labels: { ...labels, StatementId: "s" } });
    await call("Invoke", { labels });
    await call("InvokeWithResponseStream", { labels });
    await call("CreateAlias", { labels, body: { Name: "live", FunctionVersion: "1" } });
    await call("ListAliases", { labels });
    await call("GetAlias", { labels: { ...labels, Name: "live" } });
    await call("UpdateAlias", { labels: { ...labels, Name: "live" }, body: { Description: "d" } });
    await call("CreateFunctionUrlConfig", { labels, query: "Qualifier=live", body: { AuthType: "NONE" } });
    await call("GetFunctionUrlConfig", { labels, query: "Qualifier=live" });
    await call("UpdateFunctionUrlConfig", { labels, query: "Qualifier=live", body: {} });
    await call("ListFunctionUrlConfigs", { labels });
    await call("DeleteFunctionUrlConfig", { labels, query: "Qualifier=live" });
    await call("DeleteAlias", { labels: { ...labels, Name: "live" } });
    const mapped = await makeMappable();
    const mapping = { FunctionName: "called", BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 }, ...mapped };
    const { UUID = "" } = await call("CreateEventSourceMapping", { body: mapping });
    await call("GetEventSourceMapping", { labels: { UUID } });
    await call("ListEventSourceMappings");
    await call("UpdateEventSourceMapping", { labels: { UUID }, body: { Enabled: false } });
    await call("DeleteEventSourceMapping", { labels: { UUID } });
    await call("GetAccountSettings");
    await call("ListTags", { labels: { Resource } });
    await call("DeleteFunction", { labels });
    expect([...called].toSorted()).toEqual(Object.keys(lambdaOperations).toSorted());
  });

  it("API Gateway v2", async () => {
    const called = new Set<string>();
    const call = createRest("apigateway", gatewaySchemas, called);
    const { apiId: ApiId = "" } = await call("CreateApi", { body: { name: "called", protocolType: "HTTP" } });
    const labels = { ApiId } as const;
    await call("GetApis");
    await call("GetApi", { labels });
    const document = JSON.stringify({ openapi: "3.0.1", info: { title: "called" }, paths: { "/": { get: {} } } });
    await call("ReimportApi", { labels, body: { body: document } });
    await call("GetIntegrations", { labels });
    await call("GetRoutes", { labels });
    const { deploymentId: DeploymentId = "" } = await call("CreateDeployment", { labels, body: {} });
    await call("GetDeployments", { labels });
    await call("GetDeployment", { labels: { ...labels, DeploymentId } });
    await call("CreateStage", { labels, body: { stageName: "s", deploymentId: DeploymentId } });
    const StageName = "s";
    await call("GetStages", { labels });
    await call("GetStage", { labels: { ...labels, StageName } });
    await call("UpdateStage", { labels: { ...labels, StageName }, body: { description: "d" } });
    await call("DeleteStage", { labels: { ...labels, StageName } });
    await call("DeleteDeployment", { labels: { ...labels, DeploymentId } });
    await call("ExportApi", { labels: { ...labels, Specification: "OAS30" }, query: "outputType=JSON" });
    await call("DeleteApi", { labels });
    expect([...called].toSorted()).toEqual(Object.keys(apiGatewayOperations).toSorted());
  });

  it("EventBridge Scheduler", async () => {
    const called = new Set<string>();
    const call = createRest("scheduler", schedulerSchemas, called);
    const RoleArn = await makeSchedulerRole(lab);
    const settings = {
      ScheduleExpression: "cron(* * * * ? *)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: "arn:aws:sqs:us-east-1:000000000000:called", RoleArn, Input: "{}" },
    };
    const group = { labels: { Name: "group" } };
    const schedule = { labels: { Name: "tick" } };
    const { ScheduleGroupArn: ResourceArn = "" } = await call("CreateScheduleGroup", { ...group, body: {} });
    await call("ListTagsForResource", { labels: { ResourceArn } });
    await call("CreateSchedule", { ...schedule, body: { GroupName: "group", ...settings } });
    await call("GetSchedule", { ...schedule, query: "groupName=group" });
    await call("UpdateSchedule", { ...schedule, body: { GroupName: "group", ...settings } });
    await call("DeleteSchedule", { ...schedule, query: "groupName=group" });
    await call("DeleteScheduleGroup", group);
    expect([...called].toSorted()).toEqual(Object.keys(schedulerOperations).toSorted());
  });

  it("names path parameters and the query as the schemas do", () => {
    const bindingsOf = <K extends UseName>(operations: RestOperations<K>) =>
      Object.entries(operations).map(([operation, [binding]]) => ({ operation, binding }));
    for (const [bindings, schemas] of [
      [bindingsOf(lambdaOperations), lambdaSchemas],
      [bindingsOf(apiGatewayOperations), gatewaySchemas],
      [bindingsOf(schedulerOperations), schedulerSchemas],
    ] as const) {
      for (const { operation, binding } of bindings) {
        const { http, members } = schemaOf(schemas, operation);
        const [where = "", query = ""] = binding.split("?");
        expect(where, operation).toBe(`${http![0]} ${http![1].replace(/(?<=.)\/$/, "")}`);
        const known = members.filter(({ bound }) => bound === "query").map(({ wire }) => wire);
        expect(known, operation).toEqual(expect.arrayContaining(query.split("&").filter(Boolean)));
      }
    }
  });
});

/** The same for AWS JSON, whose members are in one document. */
function createJson(
  service: "ssm" | "logs" | "dynamodb" | "sqs",
  target: string,
  schemas: object,
  called: Set<string>,
  version = "1.1",
) {
  return async (operation: string, body: Readonly<Record<string, unknown>> = {}): Promise<Record<string, unknown>> => {
    called.add(operation);
    const { members } = schemaOf(schemas, operation);
    const send = (content: object) =>
      sendSigned(lab.cloud, service, "POST", "/", JSON.stringify(content), {
        "content-type": `application/x-amz-json-${version}`,
        "x-amz-target": `${target}.${operation}`,
      });
    for (const member of members) {
      const refused = await send({ ...body, [member.name]: invalidValue(member) });
      expect([operation, member.name, refused.status], refused.text).toEqual([operation, member.name, 400]);
      // DynamoDB's parser says no names.
      const isNamed = shownAs(refused.text, member.name) || refused.text.includes("#SerializationException");
      expect(isNamed, `${operation} ${member.name}: ${refused.text}`).toBe(true);
    }
    const answer = await send(body);
    expect([operation, answer.status], answer.text).toEqual([operation, 200]);
    expect(answer.headers.get("content-type")).toBe(`application/x-amz-json-${version}`);
    return (answer.text ? JSON.parse(answer.text) : {}) as Record<string, unknown>;
  };
}

describe("JSON 1.1", () => {
  it("SSM", async () => {
    const called = new Set<string>();
    const call = createJson("ssm", ssmApi.target, ssmSchemas, called);
    const resource = { ResourceType: "Parameter", ResourceId: "/called" };
    await call("PutParameter", { Name: "/called", Value: "v", Type: "String" });
    await call("GetParameter", { Name: "/called" });
    await call("GetParameters", { Names: ["/called"] });
    await call("GetParametersByPath", { Path: "/" });
    await call("AddTagsToResource", { ...resource, Tags: [{ Key: "a", Value: "b" }] });
    await call("DeleteParameters", { Names: ["/called"] });
    expect([...called].toSorted()).toEqual(Object.keys(ssmApi.operations).toSorted());
  });

  it("CloudWatch Logs", async () => {
    const called = new Set<string>();
    const call = createJson("logs", logsApi.target, logsSchemas, called);
    const logGroupName = "called";
    const stream = { logGroupName, logStreamName: "s" };
    await call("CreateLogGroup", { logGroupName });
    await call("DescribeLogGroups");
    await call("PutRetentionPolicy", { logGroupName, retentionInDays: 14 });
    await call("CreateLogStream", stream);
    await call("PutLogEvents", { ...stream, logEvents: [{ timestamp: Date.now(), message: "m" }] });
    await call("FilterLogEvents", { logGroupName });
    await call("DeleteLogGroup", { logGroupName });
    expect([...called].toSorted()).toEqual(Object.keys(logsApi.operations).toSorted());
  });
});

describe("JSON 1.0", () => {
  it("DynamoDB", async () => {
    const called = new Set<string>();
    const call = createJson("dynamodb", "DynamoDB_20120810", dynamoSchemas, called, "1.0");
    const TableName = "called";
    const Key = { n: { S: "n" }, k: { S: "k" } };
    const ResourceArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`;
    const KeyConditionExpression = "n = :n";
    await call("CreateTable", { ...tableInput(TableName) });
    await call("DescribeTable", { TableName });
    await call("UpdateTable", { TableName, DeletionProtectionEnabled: false });
    await call("UpdateTimeToLive", { TableName, TimeToLiveSpecification: { AttributeName: "e", Enabled: true } });
    await call("DescribeTimeToLive", { TableName });
    const recovery = { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } };
    await call("UpdateContinuousBackups", { TableName, ...recovery });
    await call("DescribeContinuousBackups", { TableName });
    await call("TagResource", { ResourceArn, Tags: [{ Key: "a", Value: "b" }] });
    await call("ListTagsOfResource", { ResourceArn });
    await call("PutItem", { TableName, Item: Key });
    await call("GetItem", { TableName, Key });
    await call("UpdateItem", { TableName, Key });
    await call("Query", { TableName, KeyConditionExpression, ExpressionAttributeValues: { ":n": { S: "n" } } });
    await call("Scan", { TableName });
    await call("DeleteItem", { TableName, Key });
    await call("DeleteTable", { TableName });
    expect([...called].toSorted()).toEqual(Object.keys({ ...tableOperations, ...itemOperations }).toSorted());
  });

  it("SQS", async () => {
    const called = new Set<string>();
    const call = createJson("sqs", "AmazonSQS", sqsSchemas, called, "1.0");
    const { QueueUrl } = await call("CreateQueue", { QueueName: "called" });
    await call("ListQueueTags", { QueueUrl });
    await call("GetQueueAttributes", { QueueUrl });
    await call("SendMessage", { QueueUrl, MessageBody: "a" });
    const { Messages } = await call("ReceiveMessage", { QueueUrl });
    const [{ ReceiptHandle }] = Messages as readonly [{ readonly ReceiptHandle: string }];
    await call("ChangeMessageVisibility", { QueueUrl, ReceiptHandle, VisibilityTimeout: 60 });
    await call("DeleteMessage", { QueueUrl, ReceiptHandle });
    await call("DeleteQueue", { QueueUrl });
    expect([...called].toSorted()).toEqual(Object.keys({ ...queueControls, ...queueOperations }).toSorted());
  });
});

describe("Query", () => {
  it.each([
    ["iam", iamApi, iamSchemas],
    ["sts", stsApi, stsSchemas],
  ] as const)("%s takes no parameter that it would not read", async (service, { operations, version }, schemas) => {
    for (const Action of Object.keys(operations)) {
      schemaOf(schemas, Action);
      const body = new URLSearchParams({ Action, Version: version, RoleName: "lab", Odd: "1" }).toString();
      const { status, text } = await sendSigned(lab.cloud, service, "POST", "/", body);
      expect([Action, status], text).toEqual([Action, 400]);
      expect(text).toMatch(/does not support the parameter (?:Odd|RoleName)/);
    }
  });
});

describe("S3", () => {
  it("binds operations as the schemas do, and knows no header or query that they do not", () => {
    for (const [operation, { binding, query = [], headers = [] }] of Object.entries(s3Operations)) {
      const { http, members } = schemaOf(s3Schemas, operation);
      const [method, path] = http!;
      const [place = "", sub] = path.replace(/[?&]x-id=\w+/, "").split("?");
      const bucket = `/{Bucket}${place === "/" ? "" : place}`;
      expect(binding, operation).toBe(`${method} ${bucket}${sub ? `?${sub}` : ""}`);
      const wires = (bound: Member["bound"]) =>
        members.filter((member) => member.bound === bound).map(({ wire }) => wire);
      expect(wires("query"), operation).toEqual(expect.arrayContaining([...query]));
      expect(wires("header"), operation).toEqual(expect.arrayContaining(headers.map((name) => name.replace("*", ""))));
    }
  });

  it("refuses every other header and query of the schemas by name", async () => {
    await lab.s3.send(new s3Schemas.CreateBucketCommand({ Bucket: "called" }));
    for (const [operation, { binding, query = [], headers = [] }] of Object.entries(s3Operations)) {
      const [method = "", place = ""] = binding.split(" ");
      const path = place.replace("{Bucket}", "called").replace("{Key+}", "key");
      for (const { bound, wire } of schemaOf(s3Schemas, operation).members) {
        if (bound === "query" && !query.includes(wire)) {
          const { text, status } = await sendSigned(
            lab.cloud,
            "s3",
            method,
            `${path}${path.includes("?") ? "&" : "?"}${wire}=x`,
          );
          expect([operation, wire, status], text).toEqual([operation, wire, 501]);
        }
        const isPlain =
          !/^(?:x-amz-|if-|range)/.test(wire) ||
          /^x-amz-(?:expected-bucket-owner|sdk-checksum-algorithm|checksum-)/.test(wire);
        if (bound === "header" && !isPlain && !headers.some((known) => wire === known.replace("*", ""))) {
          const { text, status } = await sendSigned(lab.cloud, "s3", method, path, "", { [wire]: "x" });
          expect([operation, wire, status], text).toEqual([operation, wire, 501]);
        }
      }
    }
  });
});
