/** Functions have the credentials of their role, and reach a table only if a policy of the role says so. */
// @module-tag check
import { DeleteRolePolicyCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LambdaRuntime } from "../../../../framework/emulation/lambda/invocation.ts";
import { createLambdaRuntime } from "../../../../framework/emulation/lambda/runtime.ts";
import { storeActions } from "../../../../framework/model/store-table.ts";
import { callTable } from "../../../emulation/dynamodb/table-client.ts";
import { patient } from "../../../emulation/lambda/patient.ts";
import { type Lab, makeFunction, moduleZip, openLab } from "../../lab.ts";
import { makeTable } from "./store-table.ts";

let runtime: LambdaRuntime;
let lab: Lab;
let variables: Record<string, string>;
const tableArn = "arn:aws:dynamodb:us-east-1:000000000000:table/app--dev";

beforeAll(async () => {
  runtime = createLambdaRuntime({ ...patient, onLog: () => {} });
  lab = await openLab({ runtime });
  await makeTable(lab, "app--dev");
  const source = `export const handler = async () => ({ ...process.env });`;
  await makeFunction(lab, "reader", { Code: { ZipFile: moduleZip(source) } });
  const { Payload } = await lab.lambda.send(new InvokeCommand({ FunctionName: "reader" }));
  variables = JSON.parse(Buffer.from(Payload!).toString()) as Record<string, string>;
});
afterAll(async () => {
  await lab.close();
  await runtime.close();
});

const call = (operation: string, TableName = "app--dev") =>
  callTable(variables, operation, { TableName, Item: { n: { S: "n" }, k: { S: "k" } } });
const setPolicy = (...Statement: readonly object[]) =>
  lab.iam.send(
    new PutRolePolicyCommand({
      RoleName: "lab",
      PolicyName: "portico",
      PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement }),
    }),
  );
const denied = (operation: string, reason: string, arn = tableArn) => ({
  status: 400,
  type: "AccessDeniedException",
  message:
    "User: arn:aws:sts::000000000000:assumed-role/lab/reader is not authorized to perform: " +
    `dynamodb:${operation} on resource: ${arn} ${reason}`,
});
const allow = { Effect: "Allow", Action: storeActions, Resource: tableArn };

it("gives each environment credentials, a Region and the services' address", () => {
  expect(variables).toMatchObject({
    AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/),
    AWS_SECRET_ACCESS_KEY: expect.any(String),
    AWS_SESSION_TOKEN: expect.any(String),
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL_DYNAMODB: lab.cloud.url,
    AWS_ENDPOINT_URL_S3: lab.cloud.url,
    AWS_ENDPOINT_URL_SQS: lab.cloud.url,
  });
  expect(variables["AWS_SECRET_ACCESS_KEY"]).not.toBe(lab.cloud.secretAccessKey);
});

it("refuses a function whose role has no policy for the table", async () => {
  expect(await call("PutItem")).toMatchObject(
    denied("PutItem", "because no identity-based policy allows the dynamodb:PutItem action"),
  );
});

it("evaluates the inline policies at each call: Allow, wildcards, Deny", async () => {
  await setPolicy(allow);
  expect(await call("PutItem")).toMatchObject({ status: 200 });
  expect(await call("Scan")).toMatchObject({ type: "AccessDeniedException" });
  expect(await call("PutItem", "other")).toMatchObject(
    denied(
      "PutItem",
      "because no identity-based policy allows the dynamodb:PutItem action",
      `${tableArn.slice(0, -8)}other`,
    ),
  );
  const deny = { Effect: "Deny", Action: "dynamodb:Put*", Resource: "*" };
  await setPolicy({ ...allow, Action: "dynamodb:*", Resource: tableArn.replace("app--dev", "app--*") }, deny);
  expect(await call("PutItem")).toMatchObject(denied("PutItem", "with an explicit deny in an identity-based policy"));
  expect(await callTable(variables, "Scan", { TableName: "app--dev" })).toMatchObject({ status: 200 });
  expect(await callTable(variables, "DescribeTable", { TableName: "app--dev" })).toMatchObject({ status: 200 });
});

it("refuses by name where the decision depends on a condition", async () => {
  await setPolicy({
    ...allow,
    Condition: { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["n"] } },
  });
  expect(await call("PutItem")).toMatchObject({
    type: "AccessDeniedException",
    message: expect.stringContaining("does not evaluate conditions: dynamodb:LeadingKeys"),
  });
  await lab.iam.send(new DeleteRolePolicyCommand({ RoleName: "lab", PolicyName: "portico" }));
  expect(await call("PutItem")).toMatchObject({ type: "AccessDeniedException" });
});

it("takes a function's credentials for no other service, and no token of anybody else", async () => {
  await setPolicy(allow);
  const { accessKeyId, secretAccessKey } = lab.cloud;
  const root = { ...variables, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  expect(await callTable(root, "PutItem", {})).toMatchObject({ type: "UnrecognizedClientException" });
  const { SSMClient, GetParameterCommand } = await import("@aws-sdk/client-ssm");
  const ssm = new SSMClient({
    endpoint: lab.cloud.url,
    region: lab.cloud.region,
    maxAttempts: 1,
    credentials: {
      accessKeyId: variables["AWS_ACCESS_KEY_ID"]!,
      secretAccessKey: variables["AWS_SECRET_ACCESS_KEY"]!,
      sessionToken: variables["AWS_SESSION_TOKEN"]!,
    },
  });
  await expect(ssm.send(new GetParameterCommand({ Name: "a" }))).rejects.toMatchObject({
    name: "AccessDeniedException",
    message: expect.stringContaining("for DynamoDB, S3 and SQS only, not for ssm"),
  });
});
