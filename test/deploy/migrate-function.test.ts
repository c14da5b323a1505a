/** A release to AWS whose database is in a VPC: a function migrates it, on a real Postgres. */
// @module-tag check
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { GetRolePolicyCommand } from "@aws-sdk/client-iam";
import { GetFunctionCommand } from "@aws-sdk/client-lambda";
import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { migrateInvocations } from "../../deploy/lambda/migrate-invocation.ts";
import { functionName } from "../../deploy/lambda/names.ts";
import { planText } from "../../deploy/plan.ts";
import { release } from "../../deploy/release.ts";
import type { Schema } from "../../deploy/schema.ts";
import { switchRelease } from "../../deploy/switch.ts";
import { removeStage } from "../../deploy/teardown.ts";
import { createSchema } from "../../framework/cli/release-schema.ts";
import { type CalledDatabase, overFunction } from "../../framework/migrations/called-database.ts";
import { readLedger } from "../../framework/migrations/ledger.ts";
import type { MigratedDatabase } from "../../framework/migrations/migrated-database.ts";
import { type MigrateAnswer } from "../../framework/migrations/migrate-call.ts";
import { toMigration } from "../../framework/migrations/migration-file.ts";
import { readReaders } from "../../framework/migrations/readers.ts";
import { startServer, type TestServer } from "../migrations/server.ts";
import { type DeployFixture, openDeployFixture, page } from "./lambda/deploy-fixture.ts";
import type { App } from "../../framework/model/app.ts";
import { defaultApp } from "../config/default-app.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

let aws: DeployFixture;
let client: Client;
let database: string;
let made = 0;
beforeEach(async () => {
  database = `d${(made += 1)}`;
  [aws, client] = await Promise.all([openDeployFixture(), server.database(database)]);
  await symlink(join(import.meta.dirname, "../../node_modules"), join(aws.root, "node_modules"));
});
afterEach(() => Promise.all([aws.close(), server.close()]));

const owner = { app: "road", stage: "local" };
const vpc = { subnets: ["subnet-1"], securityGroups: ["sg-1"] };
const app = {
  ...(({ lambda }) => ({ lambda: { ...lambda, vpc } }))(defaultApp("/")),
  secrets: ["DATABASE_URL"],
  databases: { DB: { dialect: "postgres" as const, url: "DATABASE_URL", migrations: "migrations" } },
};
const values = (version = 1) => ({
  env: { DATABASE_URL: server.url(database), GREETING: "hi" },
  secretVersions: { DATABASE_URL: version },
});

type Files = Readonly<Record<string, string>>;
const users = { "0001_users": "create table users (id int, nick text)" };
const name = { "0002_name": "alter table users add column name text" };
const drop = { "0003_drop_nick.contract": "alter table users drop column nick" };
const toFiles = (files: Files) => Object.entries(files).map(([one, sql]) => toMigration(`${one}.sql`, sql));

function called(steps: string[], change: Partial<CalledDatabase> = {}): MigratedDatabase {
  const { ask, start } = migrateInvocations(aws.clients, owner);
  const options = { name: "DB", url: server.url(database), who: "road at local" };
  const onWait = (text: string): void => void steps.push(text);
  return overFunction(
    { ask: async (call) => (await ask(call)) as MigrateAnswer, start },
    { ...options, onWait, ...change },
  );
}

const schemaOf = (files: Files, steps: string[], url?: string): Schema =>
  createSchema({
    owner,
    databases: [{ name: "DB", database: called(steps, url ? { url } : {}), isShared: false, files: toFiles(files) }],
    targetOf: () => "lambda",
    onEvent: ({ step, file }) => void (step !== "run" && steps.push(`${step} ${file.name}`)),
  });

interface Run {
  readonly plan: string;
  readonly steps: readonly string[];
  readonly changed: boolean;
}

const behindUrl = { ...app, group: "app" as const, lambda: { ...app.lambda, front: "function-url" as const } };

interface DeployOptions {
  readonly of?: Partial<App>;
  readonly version?: number;
  readonly url?: string;
}

async function deploy(files: Files, { of = app, version = 1, url = "" }: DeployOptions = {}): Promise<Run> {
  const steps: string[] = [];
  let plan = "";
  const [result] = await release({
    clouds: [await aws.platform({ app: of, ...values(version) })],
    schema: schemaOf(files, steps, url),
    smoke: [{ path: "/", status: 200 }],
    keep: 5,
    now: () => Date.now(),
    onPlans: async (plans) => {
      plan = plans.map(planText).join("\n");
    },
    onProgress: ({ step }) => void (steps.at(-1) !== step && steps.push(step)),
    checkpoint: () => undefined,
  });
  return { plan, steps, changed: result!.changed };
}

const applied = async (): Promise<readonly string[]> =>
  (await readLedger(client)).map((row) => `${row.name} ${row.release}`);
const later = (): Promise<unknown> =>
  client.query(
    `update portico_readers set listed_since = (select coalesce(jsonb_object_agg(key,
       to_jsonb((value #>> '{}')::timestamptz - interval '21 minutes')), '{}') from jsonb_each(listed_since))`,
  );

test("comes with the first release, which asks after the upload; from then on the plan tells", async () => {
  const first = await deploy({ ...users, ...name });
  expect(first.plan).toMatch(/\+ function {4}_migrate .*\n/);
  expect(first.plan).toMatch(/^\? migrate .* the database cannot be asked from here; asked again after the upload$/m);
  expect(first.steps).toEqual([
    ...["lock", "upload", "assemble", "applied 0001_users", "applied 0002_name", "smoke", "promote", "collect"],
  ]);
  expect(await applied()).toEqual(["0001_users 1", "0002_name 1"]);
  expect(await deploy({ ...users, ...name })).toMatchObject({ changed: false, steps: [] });

  await aws.write("functions/index.ts", page("two"));
  const listed = await deploy({ ...users, ...name, ...drop });
  expect(listed.plan).toMatch(/^- migrate .*0003_drop_nick .*20 minutes after every reader lists it/m);
  await later();
  await aws.write("functions/index.ts", page("three"));
  const contracted = await deploy({ ...users, ...name, ...drop });
  expect(contracted.steps.slice(0, 3)).toEqual(["lock", "applied 0003_drop_nick", "upload"]);
  const platform = await aws.platform({ app }, false);
  await expect(
    switchRelease({
      platform,
      schema: schemaOf({}, []),
      command: "rollback",
      number: 1,
      smoke: [],
      onSwitch: async () => undefined,
    }),
  ).rejects.toMatchObject({ code: "SCHEMA_CONTRACTED" });

  const lastCall = () => schemaOf({}, []).forget(platform);
  const { removed } = await removeStage({ platform, withData: true, lastCall, onPlan: async () => undefined });
  expect(removed.filter(({ name: one }) => one.includes("_migrate"))).toHaveLength(1);
  expect(await readReaders(client)).toEqual([]);
});

test("behind a function URL, too: it holds no secret and may write logs and join the VPC alone", async () => {
  await deploy(users, { of: behindUrl });
  const FunctionName = functionName(owner, "_migrate");
  const { Configuration } = await aws.clients.lambda.send(new GetFunctionCommand({ FunctionName }));
  expect(Configuration).toMatchObject({ Timeout: 900, MemorySize: 256, VpcConfig: { SubnetIds: ["subnet-1"] } });
  expect(Configuration?.Environment?.Variables ?? {}).toEqual({});
  const RoleName = Configuration?.Role?.split("/").at(-1);
  const policy = await aws.clients.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "portico" }));
  const { Statement } = JSON.parse(decodeURIComponent(policy.PolicyDocument!)) as {
    readonly Statement: readonly { readonly Action: readonly string[] }[];
  };
  expect(Statement.flatMap(({ Action }) => Action).map((one) => one.split(":")[0])).toEqual([
    ...["logs", "logs", "ec2", "ec2", "ec2", "ec2", "ec2", "ec2"],
  ]);
  const again = await deploy(users, { of: behindUrl, version: 2 });
  expect(again.plan).toMatch(/^~ function .*app/m);
  expect(again.plan).toMatch(/^= function .*_migrate/m);
});

test("tells what fails, with the file; the first release stays away, and a mended one comes", async () => {
  await expect(deploy({ ...users, "0002_bad": "select 1;\nselect nobody from users" })).rejects.toMatchObject({
    code: "MIGRATION_FAILED",
    message: expect.stringMatching(/nothing of it was kept: column "nobody" does not exist \(42703\)/),
    at: [{ file: "migrations/0002_bad.sql", line: 2 }],
  });
  expect(await applied()).toEqual(["0001_users 1"]);
  await expect(deploy(users, { url: "postgres://nobody:x@127.0.0.1:1/x" })).rejects.toMatchObject({
    code: "DATABASE_UNREACHABLE",
  });
  expect((await deploy({ ...users, ...name })).changed).toBe(true);
});
