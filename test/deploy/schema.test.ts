/** A release with migrations to AWS and Cloudflare, on a real Postgres. */
import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Platform } from "../../deploy/platform.ts";
import { planText } from "../../deploy/plan.ts";
import { release } from "../../deploy/release.ts";
import type { Schema } from "../../deploy/schema.ts";
import { switchRelease } from "../../deploy/switch.ts";
import { createSchema } from "../../framework/cli/release-schema.ts";
import { overConnection } from "../../framework/migrations/migrated-database.ts";
import { readLedger } from "../../framework/migrations/ledger.ts";
import { toMigration } from "../../framework/migrations/migration-file.ts";
import { readReaders } from "../../framework/migrations/readers.ts";
import { startServer, type TestServer } from "../migrations/server.ts";
import { openDeployFixture as openAws, page, type DeployFixture as Aws } from "./lambda/deploy-fixture.ts";
import { openDeployFixture as openCloudflare, type DeployFixture as Cloudflare } from "./workers/deploy-fixture.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

let aws: Aws;
let cloudflare: Cloudflare;
let client: Client;
let made = 0;
beforeEach(async () => {
  [aws, cloudflare, client] = await Promise.all([openAws(), openCloudflare(), server.database(`d${(made += 1)}`)]);
});
afterEach(() => Promise.all([aws.close(), cloudflare.close(), server.close()]));

const write = (word: string): Promise<unknown> =>
  Promise.all([aws, cloudflare].map((fixture) => fixture.write("functions/index.ts", page(word))));

type Files = Readonly<Record<string, string>>;
const users = { "0001_users": "create table users (id int, nick text)" };
const name = { "0002_name": "alter table users add column name text" };
const drop = { "0003_drop_nick.contract": "alter table users drop column nick" };

interface Run {
  readonly plans: string;
  readonly steps: readonly string[];
  readonly changed: readonly boolean[];
}

/** @param files of the app's tree */
function schemaOf(files: Files, steps: string[], targets: ReadonlyMap<Platform, string>, isPart = false): Schema {
  return createSchema({
    owner: { app: "road", stage: "local" },
    databases: [
      {
        name: "DB",
        database: overConnection(client),
        isShared: false,
        files: Object.entries(files).map(([one, sql]) => toMigration(`${one}.sql`, sql)),
      },
    ],
    targetOf: (platform) => targets.get(platform)!,
    isPart,
    onEvent: ({ step, file }) => void (step === "applied" && steps.push(file.name)),
  });
}

interface DeployOptions {
  readonly smoke?: number;
  readonly only?: "lambda";
  readonly checkpoint?: () => void;
}

async function deploy(files: Files, { smoke = 200, only, checkpoint = () => {} }: DeployOptions = {}): Promise<Run> {
  const clouds = only ? [await aws.platform()] : [await aws.platform(), await cloudflare.platform()];
  const steps: string[] = [];
  const targets = new Map(clouds.map((cloud, at) => [cloud, at === 0 ? "lambda" : "workers"]));
  let plans = "";
  const results = await release({
    clouds,
    schema: schemaOf(files, steps, targets),
    smoke: [{ path: "/", status: smoke }],
    keep: 5,
    now: () => Date.now(),
    onPlans: async (shown) => {
      plans = shown.map(planText).join("\n");
    },
    onProgress: ({ step }, platform) => void steps.push(`${targets.get(platform)} ${step}`),
    checkpoint,
  });
  return { plans, steps, changed: results.map(({ changed }) => changed) };
}

async function rollback(number: number, files: Files): Promise<number> {
  const platform = await aws.platform({}, false);
  const { live } = await switchRelease({
    platform,
    schema: schemaOf(files, [], new Map([[platform, "lambda"]])),
    command: "rollback",
    number,
    smoke: [],
    onSwitch: async () => undefined,
  });
  return live.number;
}

const applied = async (): Promise<readonly string[]> =>
  (await readLedger(client)).map((row) => `${row.name} ${row.release}`);
const lists = async () =>
  (await readReaders(client)).map(({ target, release: number, files }) => [target, number, Object.keys(files)]);
const later = (): Promise<unknown> =>
  client.query(
    `update portico_readers set listed_since = (select coalesce(jsonb_object_agg(key,
       to_jsonb((value #>> '{}')::timestamptz - interval '21 minutes')), '{}') from jsonb_each(listed_since))`,
  );

test("expand once, after the upload and before both smoke tests; then nothing to do", async () => {
  await write("one");
  const first = await deploy({ ...users, ...name });
  expect(first.plans).toContain("+ migrate     0001_users");
  expect(first.plans.match(/0001_users/g)).toHaveLength(1);
  const order = first.steps.filter((step) => !/lock|upload|collect/.test(step));
  expect(order).toEqual([
    ...["lambda assemble", "0001_users", "0002_name", "lambda smoke"],
    ...["workers assemble", "workers smoke", "lambda promote", "workers promote"],
  ]);
  expect(await applied()).toEqual(["0001_users 1", "0002_name 1"]);
  expect(await lists()).toEqual([
    ["lambda", 1, []],
    ["workers", 1, []],
  ]);
  expect((await deploy({ ...users, ...name })).changed).toEqual([false, false]);
});

test("a contract file waits for both readers, runs before the upload, and ends the way back", async () => {
  await write("one");
  await deploy({ ...users, ...name }, {});
  await write("two");
  const all = { ...users, ...name, ...drop };
  const second = await deploy(all);
  expect(second.plans).toMatch(
    /^- migrate {5}0003_drop_nick .* 20 minutes after every reader lists it; releases before 2 cannot come back$/m,
  );
  expect(await applied()).toHaveLength(2);
  expect(await lists()).toEqual([
    ["lambda", 2, ["0003_drop_nick"]],
    ["workers", 2, ["0003_drop_nick"]],
  ]);
  expect((await deploy(all)).changed).toEqual([false, false]);
  // Back and forth: what it lists begins anew.
  expect(await rollback(1, all)).toBe(1);
  expect((await lists())[0]).toEqual(["lambda", 1, []]);
  expect(await rollback(2, all)).toBe(2);
  await later();
  await write("three");
  const third = await deploy(all);
  expect(third.plans).toMatch(/^- migrate {5}0003_drop_nick .* contract, before the upload/m);
  expect(third.steps.indexOf("0003_drop_nick")).toBeLessThan(third.steps.findIndex((step) => step.includes("upload")));
  expect(await applied()).toEqual(["0001_users 1", "0002_name 1", "0003_drop_nick 3"]);
  await expect(rollback(1, all)).rejects.toMatchObject({ code: "SCHEMA_CONTRACTED" });
  expect(await rollback(2, all)).toBe(2);
  await write("four");
  await expect(deploy({ ...users, ...name })).rejects.toMatchObject({ code: "MIGRATION_MISSING" });
});

test("files alone: no new release is made, and the live one lists them", async () => {
  await write("one");
  await deploy(users);
  const next = await deploy({ ...users, ...name, ...drop });
  expect(next.plans).toContain("listed by the live release from now on");
  expect(next.steps.filter((step) => /upload|promote/.test(step))).toEqual([]);
  expect(await lists()).toEqual([
    ["lambda", 1, ["0003_drop_nick"]],
    ["workers", 1, ["0003_drop_nick"]],
  ]);
  await later();
  const last = await deploy({ ...users, ...name, ...drop });
  expect(last.steps).toContain("0003_drop_nick");
  expect((await deploy({ ...users, ...name, ...drop })).changed).toEqual([false, false]);
});

test("a failed smoke test leaves the schema expanded, and the next plan says so", async () => {
  await write("one");
  await deploy(users);
  await write("two");
  await expect(deploy({ ...users, ...name }, { smoke: 404 })).rejects.toMatchObject({ code: "SMOKE_FAILED" });
  expect(await applied()).toEqual(["0001_users 1", "0002_name 2"]);
  expect((await lists())[0]).toEqual(["lambda", 1, []]);
  const again = await deploy({ ...users, ...name });
  expect(again.plans).toMatch(/= migrate .*0002_name .*ran in an earlier try/);
  expect((await lists())[0]).toEqual(["lambda", 2, []]);
});

test("mistakes stop before anything is locked or uploaded", async () => {
  await write("one");
  await deploy(users);
  await write("two");
  const late = { "0000_first": "select 1", ...users };
  await expect(deploy(late)).rejects.toMatchObject({ code: "MIGRATION_LATE" });
  const order = { ...users, ...drop, "0004_more": "create table more (id int)" };
  await expect(deploy(order)).rejects.toMatchObject({ code: "MIGRATION_ORDER" });
  const edited = { "0001_users": "create table users (id bigint)" };
  await expect(deploy(edited)).rejects.toMatchObject({ code: "MIGRATION_EDITED" });
  await client.query("update portico_readers set app = 'other' where target = 'lambda'");
  await expect(deploy(users)).rejects.toMatchObject({ code: "DATABASE_SHARED" });
  expect(await applied()).toEqual(["0001_users 1"]);
});

test("a deploy that is stopped at each of its steps: the next one ends it", { timeout: 300_000 }, async () => {
  await write("one");
  await deploy(users, { only: "lambda" });
  const files: Record<string, string> = { ...users };
  for (let at = 1; ; at += 1) {
    await write(`word ${at}`);
    files[`${String(at + 1).padStart(4, "0")}_c${at}`] = `alter table users add column c${at} text`;
    let seen = 0;
    const checkpoint = (): void => {
      seen += 1;
      if (seen === at) throw new Error("stopped");
    };
    const stopped = await deploy(files, { only: "lambda", checkpoint }).catch((error: unknown) => error);
    if (stopped instanceof Error) {
      expect(stopped.message).toBe("stopped");
      await deploy(files, { only: "lambda" });
    }
    expect((await readLedger(client)).map((row) => row.name)).toEqual(Object.keys(files));
    if (!(stopped instanceof Error)) {
      expect(at).toBeGreaterThan(3);
      return;
    }
  }
});
