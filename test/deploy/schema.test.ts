/** A release with migrations to two clouds, on a real Postgres; the first test on the local AWS and Cloudflare. */
import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { switchRelease } from "../../deploy/switch.ts";
import { overConnection } from "../../framework/migrations/migrated-database.ts";
import { readLedger } from "../../framework/migrations/ledger.ts";
import { readReaders } from "../../framework/migrations/readers.ts";
import { startServer, type TestServer } from "../migrations/server.ts";
import { createModelCloud } from "./histories/model-cloud.ts";
import { type Files, type ModelOutcome, releaseToModels, schemaOf } from "./histories/model-release.ts";
import { steppedClient, type SteppedRun, steppedRun } from "./histories/stepped-run.ts";
import { openDeployFixture as openAws, page } from "./lambda/deploy-fixture.ts";
import { openDeployFixture as openCloudflare } from "./workers/deploy-fixture.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const openClouds = () => (["lambda", "workers"] as const).map((target) => createModelCloud(target, () => {}));
let clouds: ReturnType<typeof openClouds>;
let client: Client;
let made = 0;
beforeEach(async () => {
  clouds = openClouds();
  client = await server.database(`d${(made += 1)}`);
});
afterEach(() => server.close());

const users = { "0001_users": "create table users (id int, nick text)" };
const name = { "0002_name": "alter table users add column name text" };
const drop = { "0003_drop_nick.contract": "alter table users drop column nick" };

interface DeployOptions {
  readonly run?: SteppedRun;
  readonly smoke?: number;
  readonly only?: "lambda";
  readonly checkpoint?: () => void;
}

const deploy = (
  code: string,
  files: Files,
  { run = steppedRun(), only, ...options }: DeployOptions = {},
): Promise<ModelOutcome> =>
  releaseToModels({
    ...options,
    clouds: only ? clouds.slice(0, 1) : clouds,
    database: overConnection(steppedClient(client, run)),
    files,
    code,
    run,
  });

async function rollback(number: number, files: Files): Promise<number> {
  const { live } = await switchRelease({
    platform: clouds[0]!.platform({ run: steppedRun() }),
    schema: schemaOf({ database: overConnection(client), files, targetOf: () => "lambda" }),
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

/** The clouds' steps are theirs: `upload` is one, too. */
const orderOf = ({ steps }: SteppedRun): readonly string[] =>
  steps.filter((step) => /^(?:upload|assemble|smoke|promote)$/.test(step) || step.includes("users"));

test("on the local AWS and Cloudflare: expand once, after the upload and before both smoke tests", async () => {
  const [aws, cloudflare] = await Promise.all([openAws(), openCloudflare()]);
  onTestFinished(() => Promise.all([aws.close(), cloudflare.close()]).then(() => undefined));
  for (const fixture of [aws, cloudflare]) await fixture.write("functions/index.ts", page("one"));
  const ship = (): Promise<ModelOutcome> =>
    releaseToModels({
      clouds: [
        { target: "lambda", platform: () => aws.platform() },
        { target: "workers", platform: () => cloudflare.platform() },
      ],
      database: overConnection(client),
      files: { ...users, ...name },
      code: "",
    });
  const first = await ship();
  expect(first.plans).toContain("+ migrate     0001_users");
  expect(first.steps.filter((step) => !/lock|upload|collect/.test(step))).toEqual([
    ...["lambda assemble", "0001_users", "0002_name", "lambda smoke"],
    ...["workers assemble", "workers smoke", "lambda promote", "workers promote"],
  ]);
  expect(await applied()).toEqual(["0001_users 1", "0002_name 1"]);
  expect((await ship()).changed).toEqual([false, false]);
});

test("expand once, after the upload and before both smoke tests; then nothing to do", async () => {
  const first = await deploy("one", { ...users, ...name });
  expect(first.plans).toMatch(/^\+ migrate +0001_users/m);
  expect(first.plans.match(/0001_users/g)).toHaveLength(1);
  expect(first.steps.filter((step) => !/lock|upload|collect/.test(step))).toEqual([
    ...["lambda assemble", "0001_users", "0002_name", "lambda smoke"],
    ...["workers assemble", "workers smoke", "lambda promote", "workers promote"],
  ]);
  expect(await applied()).toEqual(["0001_users 1", "0002_name 1"]);
  expect(await lists()).toEqual([
    ["lambda", 1, []],
    ["workers", 1, []],
  ]);
  expect((await deploy("one", { ...users, ...name })).changed).toEqual([false, false]);
});

test("a contract file waits for both readers, runs before the upload, and ends the way back", async () => {
  await deploy("one", { ...users, ...name });
  const all = { ...users, ...name, ...drop };
  const second = await deploy("two", all);
  expect(second.plans).toMatch(
    /^- migrate +0003_drop_nick .* 20 minutes after every reader lists it; releases before 2 cannot come back$/m,
  );
  expect(await applied()).toHaveLength(2);
  expect(await lists()).toEqual([
    ["lambda", 2, ["0003_drop_nick"]],
    ["workers", 2, ["0003_drop_nick"]],
  ]);
  expect((await deploy("two", all)).changed).toEqual([false, false]);
  // Back and forth: what it lists begins anew.
  expect(await rollback(1, all)).toBe(1);
  expect((await lists())[0]).toEqual(["lambda", 1, []]);
  expect(await rollback(2, all)).toBe(2);
  await later();
  const run = steppedRun();
  const third = await deploy("three", all, { run });
  expect(third.plans).toMatch(/^- migrate +0003_drop_nick .* contract, before the upload/m);
  expect(orderOf(run).slice(0, 3)).toEqual([`${drop["0003_drop_nick.contract"]}\n;commit`, "upload", "assemble"]);
  expect(await applied()).toEqual(["0001_users 1", "0002_name 1", "0003_drop_nick 3"]);
  await expect(rollback(1, all)).rejects.toMatchObject({ code: "SCHEMA_CONTRACTED" });
  expect(await rollback(2, all)).toBe(2);
  await expect(deploy("four", { ...users, ...name })).rejects.toMatchObject({ code: "MIGRATION_MISSING" });
});

test("files alone: no new release is made, and the live one lists them", async () => {
  await deploy("one", users);
  const all = { ...users, ...name, ...drop };
  const run = steppedRun();
  const next = await deploy("one", all, { run });
  expect(next.plans).toContain("listed by the live release from now on");
  expect(orderOf(run)).toEqual([`${name["0002_name"]}\n;commit`]);
  expect(await lists()).toEqual([
    ["lambda", 1, ["0003_drop_nick"]],
    ["workers", 1, ["0003_drop_nick"]],
  ]);
  await later();
  expect((await deploy("one", all)).steps).toContain("0003_drop_nick");
  expect((await deploy("one", all)).changed).toEqual([false, false]);
});

test("a failed smoke test leaves the schema expanded, and the next plan says so", async () => {
  await deploy("one", users);
  await expect(deploy("two", { ...users, ...name }, { smoke: 404 })).rejects.toMatchObject({ code: "SMOKE_FAILED" });
  expect(await applied()).toEqual(["0001_users 1", "0002_name 2"]);
  expect((await lists())[0]).toEqual(["lambda", 1, []]);
  const again = await deploy("two", { ...users, ...name });
  expect(again.plans).toMatch(/= migrate .*0002_name .*ran in an earlier try/);
  expect((await lists())[0]).toEqual(["lambda", 2, []]);
});

test("an applied file that was deleted is told by every plan, and is in nobody's way", async () => {
  await deploy("one", { ...users, ...name });
  for (const [code, changed] of [
    ["two", true],
    ["two", false],
  ] as const) {
    const next = await deploy(code, users);
    expect(next.plans).toMatch(
      /^= migrate +0002_name +applied, and no file of this app: a new database would lack it$/m,
    );
    expect(next.changed).toEqual([changed, changed]);
  }
});

test("mistakes stop before anything is locked or uploaded", async () => {
  await deploy("one", users);
  const refused = async (files: Files, code: string): Promise<void> => {
    const run = steppedRun();
    await expect(deploy("two", files, { run })).rejects.toMatchObject({ code });
    expect(run.steps.filter((step) => !step.startsWith("select"))).toEqual(["observe", "observe"]);
  };
  await refused({ "0000_first": "select 1", ...users }, "MIGRATION_LATE");
  await refused({ ...users, ...drop, "0004_more": "create table more (id int)" }, "MIGRATION_ORDER");
  await refused({ "0001_users": "create table users (id bigint)" }, "MIGRATION_EDITED");
  await client.query("update portico_readers set app = 'other' where target = 'lambda'");
  await refused(users, "DATABASE_SHARED");
  expect(await applied()).toEqual(["0001_users 1"]);
});

test("a deploy that is stopped at each of its steps: the next one ends it", async () => {
  await deploy("one", users, { only: "lambda" });
  const files: Record<string, string> = { ...users };
  for (let at = 1; ; at += 1) {
    files[`${String(at + 1).padStart(4, "0")}_c${at}`] = `alter table users add column c${at} text`;
    let seen = 0;
    const checkpoint = (): void => {
      seen += 1;
      if (seen === at) throw new Error("stopped");
    };
    const ship = (): Promise<ModelOutcome> => deploy(`word ${at}`, files, { only: "lambda", checkpoint });
    const stopped = await ship().catch((error: unknown) => error);
    if (stopped instanceof Error) {
      expect(stopped.message).toBe("stopped");
      await ship();
    }
    expect((await readLedger(client)).map((row) => row.name)).toEqual(Object.keys(files));
    if (!(stopped instanceof Error)) {
      expect(at).toBeGreaterThan(3);
      return;
    }
  }
});
