/** A cloud that is killed during writes: everything it confirmed is there afterwards, and nothing is incomplete. */
// @module-tag check
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  CreateApiCommand,
  GetIntegrationsCommand,
  GetRoutesCommand,
  ReimportApiCommand,
} from "@aws-sdk/client-apigatewayv2";
import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  paginateFilterLogEvents,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { paginateScan, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { CreateRoleCommand, GetRoleCommand } from "@aws-sdk/client-iam";
import { CreateFunctionCommand, paginateListFunctions } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, GetObjectCommand, paginateListObjectsV2, PutObjectCommand } from "@aws-sdk/client-s3";
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { GetParameterCommand, PutParameterCommand } from "@aws-sdk/client-ssm";
import { afterEach, expect, it } from "vitest";
import { localRegion } from "../../framework/cloud/aws/arn.ts";
import { type Cloud, startCloud } from "../../framework/cloud/cloud.ts";
import { readOrCreateAccessKey } from "../../framework/cloud/access-key.ts";
import { makeTable } from "./aws/dynamodb/store-table.ts";
import { clientsOf, functionInput, noRuntime, trust } from "./lab.ts";

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

type Clients = ReturnType<typeof clientsOf>;

/** A cloud in its own process with its clients, which can be killed and started again on the same folder. */
async function openKillable(): Promise<{
  readonly clients: Clients;
  kill(): void;
  restart(): Promise<Clients>;
}> {
  const folder = mkdtempSync(join(tmpdir(), "portico-kill-"));
  const script = fileURLToPath(new URL("fixtures/serve.ts", import.meta.url));
  const server = spawn(process.execPath, [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(server, "exit");
  const kill = (): void => void server.kill("SIGKILL");
  cleanups.push(
    () => rmSync(folder, { recursive: true, force: true }),
    () => (kill(), gone),
  );
  const [port] = (await once(server.stdout, "data")) as [Buffer];
  const url = `http://127.0.0.1:${port.toString().trim()}`;
  return {
    clients: clientsOf({ url, region: localRegion, ...readOrCreateAccessKey(folder) }),
    kill,
    async restart() {
      await gone;
      const cloud: Cloud = await startCloud({ folder, port: 0, runtime: noRuntime });
      cleanups.push(() => cloud.close());
      return clientsOf(cloud);
    },
  };
}

/** Eight writers, each with one call after the other, until the server is killed. Returns the confirmed writes. */
async function writeUntilKilled(
  kill: () => void,
  maxWrites: number,
  write: (id: string) => Promise<unknown>,
): Promise<readonly string[]> {
  const confirmed: string[] = [];
  const writer = async (_: unknown, writerIndex: number): Promise<void> => {
    for (let index = 0; index < 400; index += 1) {
      await write(`w${writerIndex}-${index}`);
      confirmed.push(`w${writerIndex}-${index}`);
      if (confirmed.length === maxWrites) kill();
    }
  };
  const results = await Promise.allSettled(Array.from({ length: 8 }, writer));
  expect(results.every(({ status }) => status === "rejected")).toBe(true);
  return confirmed;
}

it("loses no confirmed function", async () => {
  const { clients, kill, restart } = await openKillable();
  await clients.iam.send(new CreateRoleCommand({ RoleName: "lab", AssumeRolePolicyDocument: trust }));
  const confirmed = await writeUntilKilled(kill, 40, (id) =>
    clients.lambda.send(new CreateFunctionCommand(functionInput(id))),
  );
  const after = await restart();
  expect((await after.iam.send(new GetRoleCommand({ RoleName: "lab" }))).Role?.RoleName).toBe("lab");
  const names: (string | undefined)[] = [];
  for await (const { Functions = [] } of paginateListFunctions({ client: after.lambda }, {}))
    names.push(...Functions.map((one) => one.FunctionName));
  expect(names).toEqual(expect.arrayContaining([...confirmed]));
});

it("loses no confirmed object or parameter, and no object is half of two", async () => {
  const { clients, kill, restart } = await openKillable();
  const Bucket = "kill";
  await clients.s3.send(new CreateBucketCommand({ Bucket }));
  const confirmed = await writeUntilKilled(kill, 120, async (id) => {
    // Every writer also replaces one object again and again.
    await clients.s3.send(new PutObjectCommand({ Bucket, Key: id.replace(/-.*/, ""), Body: id.repeat(1000) }));
    await clients.s3.send(new PutObjectCommand({ Bucket, Key: id, Body: id }));
    await clients.ssm.send(new PutParameterCommand({ Name: `/kill/${id}`, Value: id, Type: "SecureString" }));
  });
  const after = await restart();
  const text = async (Key: string): Promise<string> =>
    (await after.s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();
  for (const id of confirmed) {
    expect(await text(id)).toBe(id);
    const { Parameter } = await after.ssm.send(new GetParameterCommand({ Name: `/kill/${id}`, WithDecryption: true }));
    expect(Parameter?.Value).toBe(id);
  }
  const replaced: string[] = [];
  for await (const { Contents = [] } of paginateListObjectsV2({ client: after.s3 }, { Bucket }))
    replaced.push(...Contents.flatMap(({ Key = "" }) => (/^w\d$/.test(Key) ? [Key] : [])));
  expect(replaced).not.toEqual([]);
  for (const key of replaced) expect(await text(key)).toMatch(/^(w\d-\d+)\1{999}$/);
});

it("loses no confirmed log event, and starts with an incomplete line", async () => {
  const { clients, kill, restart } = await openKillable();
  const logGroupName = "kill";
  await clients.logs.send(new CreateLogGroupCommand({ logGroupName }));
  for (let which = 0; which < 8; which += 1)
    await clients.logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: `w${which}` }));
  const confirmed = await writeUntilKilled(kill, 200, (message) => {
    const logStreamName = message.replace(/-.*/, "");
    return clients.logs.send(
      new PutLogEventsCommand({ logGroupName, logStreamName, logEvents: [{ timestamp: Date.now(), message }] }),
    );
  });
  const after = await restart();
  const found: (string | undefined)[] = [];
  for await (const { events = [] } of paginateFilterLogEvents({ client: after.logs }, { logGroupName }))
    found.push(...events.map(({ message }) => message));
  expect(found).toEqual(expect.arrayContaining([...confirmed]));
  expect(new Set(found).size).toBe(found.length);
});

it("loses no confirmed item of a table, and no confirmed addition", async () => {
  const { clients, kill, restart } = await openKillable();
  const TableName = "kill";
  await makeTable(clients, TableName);
  const confirmed = await writeUntilKilled(kill, 200, async (id) => {
    await clients.dynamodb.send(new PutItemCommand({ TableName, Item: { n: { S: "item" }, k: { S: id } } }));
    const add = { UpdateExpression: "ADD c :one", ExpressionAttributeValues: { ":one": { N: "1" } } };
    const Key = { n: { S: "counter" }, k: { S: id.replace(/-.*/, "") } };
    await clients.dynamodb.send(new UpdateItemCommand({ TableName, Key, ...add }));
  });
  const after = await restart();
  const keys: (string | undefined)[] = [];
  const counts = new Map<string | undefined, number>();
  for await (const { Items = [] } of paginateScan({ client: after.dynamodb }, { TableName })) {
    for (const { n, k, c } of Items) {
      if (n?.S === "item") keys.push(k?.S);
      else counts.set(k?.S, Number(c?.N));
    }
  }
  expect(keys).toEqual(expect.arrayContaining([...confirmed]));
  for (const writer of new Set(confirmed.map((id) => id.replace(/-.*/, "")))) {
    const additions = confirmed.filter((id) => id.startsWith(`${writer}-`)).length;
    // The addition that was not confirmed may have happened.
    expect([additions, additions + 1]).toContain(counts.get(writer));
  }
});

it("loses no confirmed message of a queue, and no queue", async () => {
  const { clients, kill, restart } = await openKillable();
  const { QueueUrl } = await clients.sqs.send(new CreateQueueCommand({ QueueName: "kill" }));
  const confirmed = await writeUntilKilled(kill, 60, (id) =>
    clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: id })),
  );
  const after = await restart();
  const found: (string | undefined)[] = [];
  for (;;) {
    const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 3600 });
    const { Messages = [] } = await after.sqs.send(receive);
    if (Messages.length === 0) break;
    found.push(...Messages.map(({ Body }) => Body));
  }
  expect(found).toEqual(expect.arrayContaining([...confirmed]));
});

it("has a complete import or none", async () => {
  const { clients, kill, restart } = await openKillable();
  const document = (id: string): string => {
    const uri = `arn:aws:lambda:us-east-1:000000000000:function:f-${id}:1`;
    const integration = { type: "AWS_PROXY", httpMethod: "POST", payloadFormatVersion: "2.0", uri };
    const paths = Array.from({ length: 50 }, (_, at) => [
      `/${id}/${at}`,
      { get: { "x-amazon-apigateway-integration": integration } },
    ]);
    return JSON.stringify({
      openapi: "3.0.1",
      info: { title: id, version: "1" },
      paths: Object.fromEntries(paths) as object,
    });
  };
  const ids = await Promise.all(
    Array.from(
      { length: 8 },
      async () => (await clients.gateway.send(new CreateApiCommand({ Name: "k", ProtocolType: "HTTP" }))).ApiId!,
    ),
  );
  const replace = (id: string): Promise<unknown> =>
    clients.gateway.send(
      new ReimportApiCommand({ ApiId: ids[Number(id[1])], Body: document(id), FailOnWarnings: true }),
    );
  await Promise.all(ids.map((_, which) => replace(`w${which}-first`)));
  await writeUntilKilled(kill, 60, replace);
  const after = await restart();
  for (const ApiId of ids) {
    const { Items: routes = [] } = await after.gateway.send(new GetRoutesCommand({ ApiId, MaxResults: "500" }));
    const { Items: integrations = [] } = await after.gateway.send(
      new GetIntegrationsCommand({ ApiId, MaxResults: "500" }),
    );
    expect([routes.length, integrations.length]).toEqual([50, 50]);
    expect(new Set(routes.map(({ RouteKey }) => RouteKey?.split("/")[1])).size).toBe(1);
    expect(new Set(integrations.map((one) => one.IntegrationUri)).size).toBe(1);
    expect(new Set(routes.map(({ Target }) => Target?.split("/")[1]))).toEqual(
      new Set(integrations.map((one) => one.IntegrationId)),
    );
  }
});
