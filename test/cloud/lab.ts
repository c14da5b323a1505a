/** A local cloud for a test file: the real server on free ports, AWS SDK clients, a clock that tests move. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiGatewayV2Client, GetApiCommand, ReimportApiCommand } from "@aws-sdk/client-apigatewayv2";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateFunctionCommand, type CreateFunctionCommandInput, LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SQSClient } from "@aws-sdk/client-sqs";
import { SSMClient } from "@aws-sdk/client-ssm";
import { type Cloud, type CloudOptions, startCloud } from "../../framework/cloud/cloud.ts";
import { systemClock } from "../../framework/cloud/clock.ts";
import type { LambdaRuntime } from "../../framework/emulation/lambda/invocation.ts";
import { smallZip } from "./aws/small-zip.ts";

export const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

export const roleArn = "arn:aws:iam::000000000000:role/lab";

/** For test files that never invoke a function. */
export const noRuntime: LambdaRuntime = {
  invoke: () => Promise.reject(new Error("this test runs no function")),
  retire: () => {},
  close: () => Promise.resolve(),
};

/** A zip with one module. */
export function moduleZip(source: string, name = "index.mjs"): Uint8Array {
  return smallZip({ name, data: Buffer.from(source) });
}

/** A zip whose handler responds with `text`. */
export function answering(text: string): Uint8Array {
  return moduleZip(
    `export const handler = async (event) => ({
       statusCode: 200,
       headers: { "content-type": "text/plain" },
       body: ${JSON.stringify(text)},
     });`,
  );
}

export interface Lab {
  readonly folder: string;
  cloud: Cloud;
  lambda: LambdaClient;
  gateway: ApiGatewayV2Client;
  iam: IAMClient;
  s3: S3Client;
  ssm: SSMClient;
  logs: CloudWatchLogsClient;
  dynamodb: DynamoDBClient;
  sqs: SQSClient;
  scheduler: SchedulerClient;
  /** Milliseconds by which the cloud's clock is fast. */
  ahead: number;
  /** Starts a second server on the same folder, as after a kill; the first one is closed only at the end. */
  restart(options?: Partial<CloudOptions>): Promise<void>;
  close(): Promise<void>;
}

/** SDK clients of this cloud. */
export function clientsOf(
  cloud: Pick<Cloud, "url" | "region" | "accessKeyId" | "secretAccessKey">,
): Pick<Lab, "lambda" | "gateway" | "iam" | "s3" | "ssm" | "logs" | "dynamodb" | "sqs" | "scheduler"> {
  const { accessKeyId, secretAccessKey } = cloud;
  const config = {
    endpoint: cloud.url,
    region: cloud.region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  };
  return {
    lambda: new LambdaClient(config),
    gateway: new ApiGatewayV2Client(config),
    iam: new IAMClient(config),
    s3: new S3Client({ ...config, forcePathStyle: true }),
    ssm: new SSMClient(config),
    logs: new CloudWatchLogsClient(config),
    dynamodb: new DynamoDBClient(config),
    sqs: new SQSClient(config),
    scheduler: new SchedulerClient(config),
  };
}

/** A new cloud with the role `lab`. */
export async function openLab(options: Partial<CloudOptions> = {}): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), "portico-cloud-"));
  const clouds: Cloud[] = [];
  const start = async (more: Partial<CloudOptions>): Promise<Cloud> => {
    const cloud = await startCloud({
      folder,
      port: 0,
      runtime: noRuntime,
      clock: { ...systemClock, now: () => Date.now() + lab.ahead },
      ...options,
      ...more,
    });
    clouds.push(cloud);
    return cloud;
  };
  const lab = {
    folder,
    ahead: 0,
    async restart(more: Partial<CloudOptions> = {}) {
      rmSync(join(folder, "running.json"), { force: true });
      lab.cloud = await start(more);
      Object.assign(lab, clientsOf(lab.cloud));
    },
    async close() {
      for (const cloud of clouds) await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  } as Lab;
  lab.cloud = await start({});
  Object.assign(lab, clientsOf(lab.cloud));
  await lab.iam.send(new CreateRoleCommand({ RoleName: "lab", AssumeRolePolicyDocument: trust }));
  return lab;
}

/** A valid input of CreateFunction, with changes. */
export function functionInput(
  name: string,
  change: Partial<CreateFunctionCommandInput> = {},
): CreateFunctionCommandInput {
  return {
    FunctionName: name,
    Runtime: "nodejs24.x",
    Handler: "index.handler",
    Role: roleArn,
    Code: { ZipFile: answering(name) },
    ...change,
  };
}

export async function makeFunction(
  lab: Lab,
  name: string,
  change: Partial<CreateFunctionCommandInput> = {},
): Promise<void> {
  await lab.lambda.send(new CreateFunctionCommand(functionInput(name, change)));
}

/** Replaces the routes of an API. Values by route key: a function's ARN, members of an integration, or undefined. */
export async function defineRoutes(
  { gateway }: Pick<Lab, "gateway">,
  ApiId: string | undefined,
  routes: Readonly<Record<string, string | { readonly uri: string; readonly timeoutInMillis?: number } | undefined>>,
): Promise<void> {
  const paths: Record<string, Record<string, object>> = {};
  for (const [key, given] of Object.entries(routes)) {
    const [, verb = "ANY", path = "/$default"] = /^(\S+) (.*)$/s.exec(key) ?? [];
    const own = typeof given === "string" ? { uri: given } : given;
    const behind = own && { type: "AWS_PROXY", httpMethod: "POST", payloadFormatVersion: "2.0", ...own };
    (paths[path] ??= {})[verb === "ANY" ? "x-amazon-apigateway-any-method" : verb.toLowerCase()] = {
      ...(behind && { "x-amazon-apigateway-integration": behind }),
      ...(key === "$default" && { isDefaultRoute: true }),
    };
  }
  const { Name } = await gateway.send(new GetApiCommand({ ApiId }));
  const Body = JSON.stringify({ openapi: "3.0.1", info: { title: Name }, paths });
  await gateway.send(new ReimportApiCommand({ ApiId, Body }));
}

/** Name, HTTP status and message of the error with which the call fails; throws when it succeeds. */
export async function refusalOf(
  call: Promise<unknown>,
): Promise<{ readonly name: string; readonly status: number | undefined; readonly message: string }> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error("the call was not refused");
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return { name: error.name, status: $metadata?.httpStatusCode, message: error.message };
}
