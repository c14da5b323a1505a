/** The AWS command line (Debian's `awscli`), a client that is independent of the JavaScript SDK. */
// @module-tag check
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createLambdaRuntime } from "../../../framework/emulation/lambda/runtime.ts";
import type { LambdaRuntime } from "../../../framework/emulation/lambda/invocation.ts";
import { runActions } from "../../../framework/model/job-queue.ts";
import { until } from "../../until.ts";
import { makeSchedulerRole } from "./scheduler/scheduler-role.ts";
import { type Lab, makeFunction, moduleZip, openLab, roleArn, trust } from "../lab.ts";
import { patient } from "../../emulation/lambda/patient.ts";

/** Debian's, which has Debian's package and none of pip or pyenv. */
const python = "/usr/bin/python3";

/** How a command ended. */
interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let runtime: LambdaRuntime;
let lab: Lab;
let program: ChildProcess;
let answers: AsyncIterator<string>;
beforeAll(async () => {
  runtime = createLambdaRuntime({ ...patient, onLog: () => {} });
  lab = await openLab({ runtime });
  const { region, accessKeyId, secretAccessKey } = lab.cloud;
  const env = {
    PATH: "/usr/bin:/bin",
    HOME: lab.folder,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: region,
    AWS_MAX_ATTEMPTS: "1",
  };
  program = spawn(python, ["-I", join(import.meta.dirname, "aws-cli.py")], {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  answers = createInterface(program.stdout!)[Symbol.asyncIterator]();
});
afterAll(async () => {
  program.stdin!.end();
  await lab.close();
  await runtime.close();
});

async function run(words: readonly string[]): Promise<Ended> {
  const all = ["--endpoint-url", lab.cloud.url, "--no-cli-pager", "--output", "json", ...words];
  program.stdin!.write(`${JSON.stringify(all)}\n`);
  const { value, done } = await answers.next();
  if (done) throw new Error("the command line ended: is Debian's package awscli installed?");
  return JSON.parse(value) as Ended;
}

/** Its output; throws when the call fails. */
async function aws(...words: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await run(words);
  if (code !== 0) throw new Error(`${words.join(" ")}: ${code} ${stderr}`);
  return (stdout.trim() ? JSON.parse(stdout) : {}) as Record<string, unknown>;
}

/** What a call says that fails. */
async function refusalOf(...words: readonly string[]): Promise<string> {
  const { code, stderr } = await run(words);
  return code === 0 ? "" : stderr;
}

it("creates, updates, invokes and deletes a function", { tags: ["check"] }, async () => {
  const zip = join(lab.folder, "cli.zip");
  const name = ["--function-name", "cli"];
  const source = (word: string) =>
    moduleZip(
      `export const handler = async (event) => (console.log(event.say), { word: ${JSON.stringify(word)}, event });`,
    );
  writeFileSync(zip, source("one"));
  const own = ["--runtime", "nodejs24.x", "--handler", "index.handler", "--role", roleArn, "--architectures", "arm64"];
  expect(await aws("lambda", "create-function", ...name, ...own, "--zip-file", `fileb://${zip}`)).toMatchObject({
    Version: "$LATEST",
  });
  await aws("lambda", "wait", "function-active-v2", ...name);
  expect(await aws("lambda", "publish-version", ...name, "--description", "first")).toMatchObject({
    Version: "1",
    Description: "first",
  });
  expect(await aws("lambda", "create-alias", ...name, "--name", "live", "--function-version", "1")).toMatchObject({
    FunctionVersion: "1",
  });
  writeFileSync(zip, source("two"));
  await aws("lambda", "update-function-code", ...name, "--zip-file", `fileb://${zip}`, "--publish");
  await aws("lambda", "wait", "function-updated-v2", ...name);
  const out = join(lab.folder, "out.json");
  const payload = ["--cli-binary-format", "raw-in-base64-out", "--payload", '{"say":"안녕"}', "--log-type", "Tail"];
  const invoked = await aws("lambda", "invoke", ...name, "--qualifier", "live", ...payload, out);
  expect(invoked).toMatchObject({ StatusCode: 200, ExecutedVersion: "1" });
  expect(Buffer.from(String(invoked["LogResult"]), "base64").toString()).toContain("안녕");
  expect(JSON.parse(readFileSync(out, "utf8"))).toEqual({ word: "one", event: { say: "안녕" } });
  expect(await aws("lambda", "list-functions")).toMatchObject({ Functions: [{ FunctionName: "cli" }] });
  expect(await aws("lambda", "list-versions-by-function", ...name, "--max-items", "2")).toMatchObject({
    Versions: [{ Version: "$LATEST" }, { Version: "1" }],
    NextToken: expect.any(String),
  });
  expect(await refusalOf("lambda", "delete-function", ...name, "--qualifier", "1")).toContain(
    "ResourceConflictException",
  );
  await aws("lambda", "delete-alias", ...name, "--name", "live");
  await aws("lambda", "delete-function", ...name);
  expect(await refusalOf("lambda", "get-function", ...name)).toContain("(ResourceNotFoundException)");
});

it("makes a table, writes and reads items, and deletes it", { tags: ["check"] }, async () => {
  const table = ["--table-name", "cli"];
  const dynamodb = (operation: string, ...words: readonly string[]) => aws("dynamodb", operation, ...table, ...words);
  const refused = (operation: string, ...words: readonly string[]) =>
    refusalOf("dynamodb", operation, ...table, ...words);
  const keys = ["AttributeName=n,KeyType=HASH", "AttributeName=k,KeyType=RANGE"];
  const types = ["AttributeName=n,AttributeType=S", "AttributeName=k,AttributeType=S"];
  const own = ["--key-schema", ...keys, "--attribute-definitions", ...types, "--tags", "Key=a,Value=b"];
  expect(await refused("create-table", ...own, "--billing-mode", "PROVISIONED")).toContain("(ValidationException)");
  expect(await dynamodb("create-table", ...own, "--billing-mode", "PAY_PER_REQUEST")).toMatchObject({
    TableDescription: { TableStatus: "CREATING" },
  });
  await aws("dynamodb", "wait", "table-exists", ...table);
  await dynamodb("update-time-to-live", "--time-to-live-specification", "Enabled=true,AttributeName=e");
  const item = { n: { S: "n" }, k: { S: "키" }, c: { N: "1" } };
  const condition = ["--condition-expression", "attribute_not_exists(k)"];
  await dynamodb("put-item", "--item", JSON.stringify(item), ...condition);
  expect(await refused("put-item", "--item", JSON.stringify(item), ...condition)).toContain(
    "(ConditionalCheckFailedException)",
  );
  const values = ["--expression-attribute-values", '{":one":{"N":"1"}}'];
  const key = ["--key", JSON.stringify({ n: item.n, k: item.k })];
  const add = ["--update-expression", "SET c = c + :one", "--return-values", "ALL_NEW"];
  expect(await dynamodb("update-item", ...key, ...add, ...values)).toEqual({ Attributes: { ...item, c: { N: "2" } } });
  const query = ["--key-condition-expression", "n = :n", "--expression-attribute-values", '{":n":{"S":"n"}}'];
  expect(await dynamodb("query", ...query)).toMatchObject({ Count: 1, Items: [{ k: { S: "키" } }] });
  expect(await dynamodb("get-item", ...key, "--consistent-read")).toMatchObject({ Item: { c: { N: "2" } } });
  await dynamodb("delete-item", ...key);
  expect(await dynamodb("scan", "--select", "COUNT")).toMatchObject({ Count: 0 });
  await dynamodb("delete-table");
  expect(await refused("describe-table")).toContain("(ResourceNotFoundException)");
});

it("maps a queue to a function, which takes its messages", { tags: ["check"] }, async () => {
  const { QueueUrl } = await lab.sqs.send(new CreateQueueCommand({ QueueName: "mapped" }));
  const source = ["--event-source-arn", "arn:aws:sqs:us-east-1:000000000000:mapped"];
  await makeFunction(lab, "mapped", { Code: { ZipFile: moduleZip(`export const handler = async () => null;`) } });
  const statement = { Effect: "Allow", Action: runActions, Resource: source[1] };
  const document = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  const policy = { RoleName: "lab", PolicyName: "queue", PolicyDocument: document };
  await lab.iam.send(new PutRolePolicyCommand(policy));
  const own = ["--batch-size", "1", "--scaling-config", "MaximumConcurrency=2"];
  const name = ["--function-name", "mapped"];
  const { UUID, State } = await aws("lambda", "create-event-source-mapping", ...name, ...source, ...own);
  expect(State).toBe("Creating");
  const uuid = ["--uuid", String(UUID)];
  expect(await aws("lambda", "list-event-source-mappings", ...source)).toMatchObject({
    EventSourceMappings: [{ UUID, ScalingConfig: { MaximumConcurrency: 2 } }],
  });
  await lab.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a" }));
  const input = { QueueUrl, AttributeNames: ["All"] as ["All"] };
  await until(async () => {
    const { Attributes = {} } = await lab.sqs.send(new GetQueueAttributesCommand(input));
    return `${Attributes.ApproximateNumberOfMessages}${Attributes.ApproximateNumberOfMessagesNotVisible}` === "00";
  });
  await aws("lambda", "delete-event-source-mapping", ...uuid);
  expect(await refusalOf("lambda", "get-event-source-mapping", ...uuid)).toContain("(ResourceNotFoundException)");
});

it("makes a schedule in a group, and deletes both", { tags: ["check"] }, async () => {
  const RoleArn = await makeSchedulerRole(lab);
  const scheduler = (operation: string, ...words: readonly string[]) => aws("scheduler", operation, ...words);
  await scheduler("create-schedule-group", "--name", "cli", "--tags", "Key=a,Value=b");
  const tick = ["--name", "tick", "--group-name", "cli"];
  const target = { Arn: "arn:aws:sqs:us-east-1:000000000000:cli", RoleArn, Input: "{}" };
  const own = ["--flexible-time-window", "Mode=OFF", "--target", JSON.stringify(target)];
  const minutely = ["--schedule-expression", "cron(* * * * ? *)"];
  const refused = await refusalOf(
    "scheduler",
    "create-schedule",
    ...tick,
    ...own,
    "--schedule-expression",
    "rate(1 day)",
  );
  expect(refused).toContain("(ValidationException)");
  expect(await scheduler("create-schedule", ...tick, ...own, ...minutely)).toEqual({
    ScheduleArn: "arn:aws:scheduler:us-east-1:000000000000:schedule/cli/tick",
  });
  expect(await scheduler("get-schedule", ...tick)).toMatchObject({ State: "ENABLED", Target: target });
  await scheduler("delete-schedule-group", "--name", "cli");
  expect(await refusalOf("scheduler", "get-schedule", ...tick)).toContain("(ResourceNotFoundException)");
});

it("is told why a queue needs a newer one", { tags: ["check"] }, async () => {
  // Debian's awscli 2.9 speaks the query protocol; 2.14 was the first that speaks JSON.
  expect(await refusalOf("sqs", "create-queue", "--queue-name", "cli")).toContain("the older query protocol");
});

it("calls the other services", { tags: ["check"] }, async () => {
  expect(await aws("sts", "get-caller-identity")).toMatchObject({ Account: "000000000000" });
  await aws("iam", "create-role", "--role-name", "cli", "--assume-role-policy-document", trust);
  await aws("iam", "delete-role", "--role-name", "cli");
  await aws("s3api", "create-bucket", "--bucket", "cli");
  const file = join(lab.folder, "file.txt");
  writeFileSync(file, "a file");
  await aws("s3", "cp", "--quiet", file, "s3://cli/deep/파일.txt");
  expect(await aws("s3api", "list-objects-v2", "--bucket", "cli")).toMatchObject({
    Contents: [{ Key: "deep/파일.txt", Size: 6 }],
  });
  expect(await refusalOf("s3api", "delete-bucket", "--bucket", "cli")).toContain("BucketNotEmpty");
  expect(await refusalOf("s3api", "list-buckets")).toContain("NotImplemented");
  await aws("ssm", "put-parameter", "--name", "/cli", "--type", "SecureString", "--value", "secret");
  expect(await aws("ssm", "get-parameter", "--name", "/cli", "--with-decryption")).toMatchObject({
    Parameter: { Value: "secret" },
  });
  await aws("logs", "create-log-group", "--log-group-name", "/cli");
  expect(await aws("logs", "describe-log-groups")).toMatchObject({ logGroups: [{ logGroupName: "/cli" }] });
  const { ApiId } = await aws("apigatewayv2", "create-api", "--name", "cli", "--protocol-type", "HTTP");
  expect(await refusalOf("apigatewayv2", "create-deployment", "--api-id", String(ApiId))).toContain(
    "BadRequestException",
  );
});
