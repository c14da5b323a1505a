/** A cloud killed in the middle of writes: what it had answered is there afterwards, and what is there is whole. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CreateApiCommand, GetIntegrationsCommand, GetRoutesCommand, ReimportApiCommand } from "@aws-sdk/client-apigatewayv2";
import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  paginateFilterLogEvents,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateRoleCommand, GetRoleCommand } from "@aws-sdk/client-iam";
import { CreateFunctionCommand, paginateListFunctions } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, GetObjectCommand, paginateListObjectsV2, PutObjectCommand } from "@aws-sdk/client-s3";
import { GetParameterCommand, PutParameterCommand } from "@aws-sdk/client-ssm";
import { afterEach, expect, it } from "vitest";
import { localRegion } from "../../../framework/local/cloud/arn.ts";
import { type Cloud, startCloud } from "../../../framework/local/cloud/cloud.ts";
import { readOrMakeKey } from "../../../framework/local/cloud/key.ts";
import { clientsOf, functionInput, noRuntime, trust } from "./lab.ts";

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

type Clients = ReturnType<typeof clientsOf>;

/** A server of its own, clients of it, how to kill it, and a second one on what it left. */
async function openVictim(): Promise<{ readonly folder: string; readonly clients: Clients; kill(): void; revive(): Promise<Clients> }> {
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
    folder,
    clients: clientsOf({ url, region: localRegion, ...readOrMakeKey(folder) }),
    kill,
    async revive() {
      await gone;
      const cloud: Cloud = await startCloud({ folder, port: 0, runtime: noRuntime });
      cleanups.push(() => cloud.close());
      return clientsOf(cloud);
    },
  };
}

/** Eight writers, one call after the other each, until the server is gone; what was answered. */
async function writeUntilKilled(kill: () => void, most: number, write: (id: string) => Promise<unknown>): Promise<readonly string[]> {
  const answered: string[] = [];
  const writer = async (_: unknown, which: number): Promise<void> => {
    for (let at = 0; at < 400; at += 1) {
      await write(`w${which}-${at}`);
      answered.push(`w${which}-${at}`);
      if (answered.length === most) kill();
    }
  };
  const results = await Promise.allSettled(Array.from({ length: 8 }, writer));
  expect(results.every(({ status }) => status === "rejected")).toBe(true);
  return answered;
}

it("loses no function that it answered", async () => {
  const { clients, kill, revive } = await openVictim();
  await clients.iam.send(new CreateRoleCommand({ RoleName: "lab", AssumeRolePolicyDocument: trust }));
  const answered = await writeUntilKilled(kill, 40, (id) => clients.lambda.send(new CreateFunctionCommand(functionInput(id))));
  const after = await revive();
  expect((await after.iam.send(new GetRoleCommand({ RoleName: "lab" }))).Role?.RoleName).toBe("lab");
  const names: (string | undefined)[] = [];
  for await (const { Functions = [] } of paginateListFunctions({ client: after.lambda }, {}))
    names.push(...Functions.map((one) => one.FunctionName));
  expect(names).toEqual(expect.arrayContaining([...answered]));
});

it("loses no object and no parameter, and leaves no bytes behind", async () => {
  const { folder, clients, kill, revive } = await openVictim();
  const Bucket = "kill";
  await clients.s3.send(new CreateBucketCommand({ Bucket }));
  const answered = await writeUntilKilled(kill, 120, async (id) => {
    // Every writer goes on replacing one object, too.
    await clients.s3.send(new PutObjectCommand({ Bucket, Key: id.replace(/-.*/, ""), Body: id.repeat(1000) }));
    await clients.s3.send(new PutObjectCommand({ Bucket, Key: id, Body: id }));
    await clients.ssm.send(new PutParameterCommand({ Name: `/kill/${id}`, Value: id, Type: "SecureString" }));
  });
  const after = await revive();
  const text = async (Key: string): Promise<string> =>
    (await after.s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();
  for (const id of answered) {
    expect(await text(id)).toBe(id);
    const { Parameter } = await after.ssm.send(new GetParameterCommand({ Name: `/kill/${id}`, WithDecryption: true }));
    expect(Parameter?.Value).toBe(id);
  }
  let objects = 0;
  for await (const { Contents = [] } of paginateListObjectsV2({ client: after.s3 }, { Bucket })) {
    for (const { Key = "" } of Contents.filter((one) => /^w\d$/.test(one.Key ?? ""))) expect(await text(Key)).toMatch(/^(w\d-\d+)\1{999}$/);
    objects += Contents.length;
  }
  expect(readdirSync(join(folder, "objects"))).toHaveLength(objects);
});

it("loses no log event, and starts on a line that was cut", async () => {
  const { clients, kill, revive } = await openVictim();
  const logGroupName = "kill";
  await clients.logs.send(new CreateLogGroupCommand({ logGroupName }));
  for (let which = 0; which < 8; which += 1)
    await clients.logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: `w${which}` }));
  const answered = await writeUntilKilled(kill, 200, (message) => {
    const logStreamName = message.replace(/-.*/, "");
    return clients.logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents: [{ timestamp: Date.now(), message }] }));
  });
  const after = await revive();
  const found: (string | undefined)[] = [];
  for await (const { events = [] } of paginateFilterLogEvents({ client: after.logs }, { logGroupName }))
    found.push(...events.map(({ message }) => message));
  expect(found).toEqual(expect.arrayContaining([...answered]));
  expect(new Set(found).size).toBe(found.length);
});

it("has an import whole or not at all", async () => {
  const { clients, kill, revive } = await openVictim();
  const document = (id: string): string => {
    const uri = `arn:aws:lambda:us-east-1:000000000000:function:f-${id}:1`;
    const integration = { type: "AWS_PROXY", httpMethod: "POST", payloadFormatVersion: "2.0", uri };
    const paths = Array.from({ length: 50 }, (_, at) => [`/${id}/${at}`, { get: { "x-amazon-apigateway-integration": integration } }]);
    return JSON.stringify({ openapi: "3.0.1", info: { title: id, version: "1" }, paths: Object.fromEntries(paths) as object });
  };
  const ids = await Promise.all(
    Array.from({ length: 8 }, async () => (await clients.gateway.send(new CreateApiCommand({ Name: "k", ProtocolType: "HTTP" }))).ApiId!),
  );
  const replace = (id: string): Promise<unknown> =>
    clients.gateway.send(new ReimportApiCommand({ ApiId: ids[Number(id[1])], Body: document(id), FailOnWarnings: true }));
  await Promise.all(ids.map((_, which) => replace(`w${which}-first`)));
  await writeUntilKilled(kill, 60, replace);
  const after = await revive();
  for (const ApiId of ids) {
    const { Items: routes = [] } = await after.gateway.send(new GetRoutesCommand({ ApiId, MaxResults: "500" }));
    const { Items: integrations = [] } = await after.gateway.send(new GetIntegrationsCommand({ ApiId, MaxResults: "500" }));
    expect([routes.length, integrations.length]).toEqual([50, 50]);
    expect(new Set(routes.map(({ RouteKey }) => RouteKey?.split("/")[1])).size).toBe(1);
    expect(new Set(integrations.map((one) => one.IntegrationUri)).size).toBe(1);
    expect(new Set(routes.map(({ Target }) => Target?.split("/")[1]))).toEqual(new Set(integrations.map((one) => one.IntegrationId)));
  }
});
