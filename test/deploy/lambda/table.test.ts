/** Releases of an app with a store on Lambda: its table, who may reach it, and what is refused. */
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ListTagsOfResourceCommand,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import { GetFunctionCommand } from "@aws-sdk/client-lambda";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { functionName } from "../../../deploy/lambda/names.ts";
import type { StoredData } from "../../../deploy/platform.ts";
import { switchRelease } from "../../../deploy/switch.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import type { App } from "../../../framework/model/app.ts";
import { callTable } from "../../emulation/dynamodb/table-client.ts";
import { isWrite, openDeployFixture, page, type DeployFixture } from "./deploy-fixture.ts";

let fixture: DeployFixture;
beforeEach(async () => {
  fixture = await openDeployFixture();
});
afterEach(() => fixture.close());

const owner = { app: "road", stage: "local" };
const TableName = "road--local";
const counter = `import { store } from "portico/store";
export const GET = async (_: Request, context: never) => new Response(String(await store(context, "a").add("n", 1)));
`;
/** Tells its variables, with which it could try the table without saying so. */
const thief = `export const GET = () => Response.json(process.env);
`;
const answer = async (url: string, path: string): Promise<string> => (await fetch(new URL(path, url))).text();
const describeTable = async () => (await fixture.clients.dynamodb.send(new DescribeTableCommand({ TableName }))).Table;
const environment = async (id: string): Promise<Readonly<Record<string, string>>> => {
  const found = await fixture.clients.lambda.send(new GetFunctionCommand({ FunctionName: functionName(owner, id) }));
  return found.Configuration?.Environment?.Variables ?? {};
};
const roleOf = async (id: string): Promise<string | undefined> =>
  (await fixture.clients.lambda.send(new GetFunctionCommand({ FunctionName: functionName(owner, id) }))).Configuration
    ?.Role;

async function remove(withData: boolean) {
  let shown: readonly StoredData[] = [];
  const onPlan = async (_: unknown, data: readonly StoredData[]): Promise<void> => {
    shown = data;
  };
  const done = await removeStage({ platform: await fixture.platform({}, false), withData, onPlan });
  return { ...done, shown };
}

const url: Partial<App> = {
  group: "app",
  lambda: { architecture: "arm64", logRetention: 30, policies: [], front: "function-url" },
};

test.each([
  ["an HTTP API", {}],
  ["a function URL", url],
] as const)("behind %s the table is made before the upload, and outlives releases", async (_front, app) => {
  const first = await fixture.deploy({ app });
  expect(first.text).not.toContain("table");
  await fixture.write("functions/count.ts", counter);
  fixture.takeCalls();
  const second = await fixture.deploy({ app });
  expect(second.text).toMatch(/^\+ table +road--local +new$/m);
  expect(second.text).toMatch(/^! permission .* dynamodb:GetItem \+ .* on arn:aws:dynamodb:\S+:table\/road--local$/m);
  const writes = fixture.takeCalls().filter(isWrite);
  const made = writes.findIndex(({ target }) => target.endsWith(".CreateTable"));
  const expiry = writes.findIndex(({ target }) => target.endsWith(".UpdateTimeToLive"));
  expect(made).toBeGreaterThan(-1);
  expect(expiry).toBeGreaterThan(made);
  expect(writes.findIndex(({ path }) => /\/functions(\/|$)/.test(path))).toBeGreaterThan(expiry);
  const { Tags } = await fixture.clients.dynamodb.send(
    new ListTagsOfResourceCommand({ ResourceArn: (await describeTable())?.TableArn }),
  );
  expect(Tags).toContainEqual({ Key: "portico:app", Value: "road" });
  const ttl = await fixture.clients.dynamodb.send(new DescribeTimeToLiveCommand({ TableName }));
  expect(ttl.TimeToLiveDescription).toMatchObject({ TimeToLiveStatus: "ENABLED", AttributeName: "e" });
  expect([await answer(second.live.url, "/count"), await answer(second.live.url, "/count")]).toEqual(["1", "2"]);
  fixture.takeCalls();
  expect((await fixture.deploy({ app })).changed).toBe(false);
  expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
  await fixture.write("functions/count.ts", undefined);
  const third = await fixture.deploy({ app });
  expect(third.text).toMatch(/^= table +road--local +not used any more; its data stays until portico remove$/m);
  await switchRelease({
    platform: await fixture.platform({ app }, false),
    command: "rollback",
    smoke: [],
    onSwitch: async () => undefined,
  });
  expect(await answer(second.live.url, "/count")).toBe("3");
});

test("a function that does not import the store has neither its name nor its permission", async () => {
  await fixture.write("functions/count.ts", counter);
  await fixture.write("functions/thief.ts", thief);
  const { live } = await fixture.deploy();
  const variables = JSON.parse(await answer(live.url, "/thief")) as Record<string, string>;
  expect(Object.keys(variables).filter((name) => name.startsWith("PORTICO_"))).toEqual([]);
  const Key = { n: { S: "a" }, k: { S: "n" } };
  expect(await callTable(variables, "GetItem", { TableName, Key })).toMatchObject({
    type: "AccessDeniedException",
    message: expect.stringMatching(/assumed-role\/road--local.* is not authorized to perform: dynamodb:GetItem on/),
  });
  expect(await environment("count")).toMatchObject({ PORTICO_STORE: TableName });
  expect(await environment("thief")).not.toHaveProperty("PORTICO_STORE");
  expect(await roleOf("thief")).toBe(await roleOf("index"));
  expect(await roleOf("count")).not.toBe(await roleOf("index"));
});

test("at a stage that hosting.json names it can be restored and is not deleted by mistake", async () => {
  await fixture.write("functions/count.ts", counter);
  await fixture.deploy();
  expect((await describeTable())?.DeletionProtectionEnabled).toBe(false);
  const { text, live } = await fixture.deploy({ app: { named: true } });
  expect(text).toMatch(/^~ table +road--local +recovery and protection off → on$/m);
  expect((await describeTable())?.DeletionProtectionEnabled).toBe(true);
  const backups = await fixture.clients.dynamodb.send(new DescribeContinuousBackupsCommand({ TableName }));
  expect(backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe(
    "ENABLED",
  );
  expect((await fixture.deploy({ app: { named: true } })).changed).toBe(false);
  expect((await fixture.deploy()).changed).toBe(false);
  expect((await describeTable())?.DeletionProtectionEnabled).toBe(true);
  await answer(live.url, "/count");
  const table = { kind: "table", name: TableName, entries: 1, isMore: false };
  expect(await remove(false)).toMatchObject({ kept: [table], shown: [table] });
  expect(await remove(false)).toMatchObject({ removed: [], kept: [table] });
  expect(await remove(true)).toMatchObject({ removed: [{ kind: "table", name: TableName }], kept: [] });
  expect(await remove(true)).toMatchObject({ removed: [], kept: [] });
});

describe("a table of our name", () => {
  const make = (Tags: { Key: string; Value: string }[], [hash, range]: readonly [string, string]) =>
    fixture.clients.dynamodb.send(
      new CreateTableCommand({
        TableName,
        KeySchema: [
          { AttributeName: hash, KeyType: "HASH" },
          { AttributeName: range, KeyType: "RANGE" },
        ],
        AttributeDefinitions: [hash, range].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
        BillingMode: "PAY_PER_REQUEST",
        Tags,
      }),
    );
  const ours = [
    { Key: "portico:app", Value: "road" },
    { Key: "portico:stage", Value: "local" },
  ];
  beforeEach(() => fixture.write("functions/count.ts", counter));

  test("with others' tags is refused before any write, and left alone by a removal", async () => {
    await make([], ["n", "k"]);
    fixture.takeCalls();
    await expect(fixture.deploy()).rejects.toMatchObject({ code: "NAME_TAKEN" });
    expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
    await fixture.write("functions/count.ts", page("none"));
    await fixture.deploy();
    await remove(true);
    expect(await describeTable()).toMatchObject({ TableName });
  });

  test("with other keys is an error of its own", async () => {
    await make(ours, ["id", "sort"]);
    await expect(fixture.deploy()).rejects.toMatchObject({ code: "TABLE_SCHEMA" });
  });

  test("that a dead run did not complete is completed", async () => {
    await make(ours, ["n", "k"]);
    const { text } = await fixture.deploy();
    expect(text).toMatch(/^~ table +road--local +expiry off → on$/m);
    expect((await fixture.deploy()).changed).toBe(false);
  });
});

test("a table that was deleted by hand is made again; the release stays", async () => {
  await fixture.write("functions/count.ts", counter);
  const first = await fixture.deploy();
  await fixture.clients.dynamodb.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
  await fixture.clients.dynamodb.send(new DeleteTableCommand({ TableName }));
  const second = await fixture.deploy();
  expect(second.text).toMatch(/^\+ table/m);
  expect(second.live.number).toBe(first.live.number);
  expect(await answer(second.live.url, "/count")).toBe("1");
});

test("in a VPC the plan says what else the functions need", async () => {
  await fixture.write("functions/count.ts", counter);
  const vpc = { subnets: ["subnet-1"], securityGroups: ["sg-1"] };
  const { text } = await fixture.deploy({
    app: { lambda: { architecture: "arm64", logRetention: 30, policies: [], vpc } },
  });
  expect(text).toMatch(/^\+ table .*gateway endpoint/m);
});
