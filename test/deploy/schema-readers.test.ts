/** What readers list while a canary has a part of the traffic, and after a release of one route. */
import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { release } from "../../deploy/release.ts";
import type { SmokeCheck } from "../../deploy/smoke-test.ts";
import { switchRelease } from "../../deploy/switch.ts";
import { createSchema } from "../../framework/cli/release-schema.ts";
import { overConnection } from "../../framework/migrations/migrated-database.ts";
import { toMigration } from "../../framework/migrations/migration-file.ts";
import { readReaders } from "../../framework/migrations/readers.ts";
import { startServer, type TestServer } from "../migrations/server.ts";
import { createModelCloud, type ModelCloud, owner } from "./histories/model-cloud.ts";
import { steppedRun } from "./histories/stepped-run.ts";

const [one, two] = ["0002_drop_a.contract", "0003_drop_b.contract"] as const;
const texts = { "0001_users": "create table users (a int, b int)", [one]: "select 1", [two]: "select 2" };
type Name = keyof typeof texts;

let server: TestServer;
let client: Client;
let made = 0;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  client = await server.database(`d${(made += 1)}`);
});
afterEach(() => server.close());

interface Code {
  readonly hash: string;
}
type Cloud = ModelCloud<Code>;

const schemaOf = (cloud: Cloud, names: readonly Name[], isPart = false) =>
  createSchema({
    owner,
    databases: [
      {
        name: "DB",
        database: overConnection(client),
        isShared: false,
        files: names.map((name) => toMigration(`${name}.sql`, texts[name])),
      },
    ],
    targetOf: () => cloud.target,
    isPart,
    onEvent: () => {},
  });

interface Deploy {
  readonly code: string;
  readonly files: readonly Name[];
  readonly canary?: number;
  readonly isPart?: boolean;
  readonly smoke?: readonly SmokeCheck[];
}

const answers = (cloud: Cloud, code: string): number =>
  cloud.traffic().some(({ hash }) => hash === code) ? canaryAnswer : 200;
const smoke: readonly SmokeCheck[] = [{ path: "/", status: 200 }];

/** Of what has a part of the traffic already. */
let canaryAnswer = 200;
beforeEach(() => {
  canaryAnswer = 200;
});

const deploy = (cloud: Cloud, { code, files, canary, isPart, smoke = [] }: Deploy): Promise<unknown> =>
  release({
    clouds: [cloud.platform({ run: steppedRun(), code: { hash: code }, smoke: async () => answers(cloud, code) })],
    schema: schemaOf(cloud, ["0001_users", ...files], isPart),
    smoke,
    keep: 5,
    now: () => 0,
    ...(canary !== undefined && { canary }),
    onPlans: async () => undefined,
    onProgress: () => undefined,
    checkpoint: () => undefined,
  });

const move = (cloud: Cloud, command: "rollback" | "promote", checks: readonly SmokeCheck[] = []): Promise<unknown> =>
  switchRelease({
    platform: cloud.platform({ run: steppedRun(), smoke: async () => canaryAnswer }),
    schema: schemaOf(cloud, []),
    command,
    smoke: checks,
    onSwitch: async () => undefined,
  });

/** Release, and the numbers of the contract files that it lists. */
const lists = async (): Promise<unknown> => {
  const [reader] = await readReaders(client);
  return [reader!.release, Object.keys(reader!.files).map((name) => Number(name.slice(0, 4)))];
};

test("a canary: what both list, until one of them has all of the traffic", async () => {
  const cloud = createModelCloud<Code>("workers", () => {});
  await deploy(cloud, { code: "first", files: [] });
  await deploy(cloud, { code: "second", files: [one] });
  expect(await lists()).toEqual([2, [2]]);
  await deploy(cloud, { code: "third", files: [two], canary: 10 });
  expect(await lists()).toEqual([2, []]);
  await move(cloud, "rollback");
  expect(await lists()).toEqual([2, [2]]);
  await deploy(cloud, { code: "fourth", files: [one, two], canary: 10 });
  expect(await lists()).toEqual([2, [2]]);
  await move(cloud, "promote");
  expect(await lists()).toEqual([4, [2, 3]]);
});

test("a canary that fails its smoke test: what the live release lists, as before", async () => {
  const cloud = createModelCloud<Code>("workers", () => {});
  await deploy(cloud, { code: "first", files: [] });
  await deploy(cloud, { code: "second", files: [one] });
  canaryAnswer = 500;
  await expect(deploy(cloud, { code: "third", files: [two], canary: 10, smoke })).rejects.toMatchObject({
    code: "SMOKE_FAILED",
  });
  expect([await lists(), cloud.live()]).toEqual([[2, [2]], 2]);
  canaryAnswer = 200;
  await deploy(cloud, { code: "fourth", files: [two], canary: 10, smoke });
  expect(await lists()).toEqual([2, []]);
  canaryAnswer = 500;
  await expect(move(cloud, "promote", smoke)).rejects.toMatchObject({ code: "SMOKE_FAILED" });
  expect([await lists(), cloud.live()]).toEqual([[2, [2]], 2]);
});

test("a canary that lists less begins the time of what the live release lists anew, another one does not", async () => {
  const cloud = createModelCloud<Code>("workers", () => {});
  await deploy(cloud, { code: "first", files: [] });
  await deploy(cloud, { code: "second", files: [one] });
  await client.query(
    `update portico_readers set listed_since = jsonb_build_object('0002_drop_a', now() - interval '15 minutes')`,
  );
  const since = async (): Promise<number | undefined> => (await readReaders(client))[0]?.listedFor["0002_drop_a"];
  expect(await since()).toBeGreaterThan(800);
  await deploy(cloud, { code: "third", files: [one], canary: 10 });
  expect(await since()).toBeGreaterThan(800);
  await move(cloud, "rollback");
  expect(await since()).toBeGreaterThan(800);
  await deploy(cloud, { code: "fourth", files: [], canary: 10 });
  await move(cloud, "rollback");
  expect(await since()).toBeLessThan(800);
});

test("a rollback whose lock ran out before its switch: what both list, since its release is live", async () => {
  const cloud = createModelCloud<Code>("lambda", () => {});
  await deploy(cloud, { code: "first", files: [] });
  await deploy(cloud, { code: "second", files: [one] });
  const platform = cloud.platform({ run: steppedRun(), isOverdue: () => true });
  const late = switchRelease({
    platform: {
      ...platform,
      async promote(to) {
        await deploy(cloud, { code: "third", files: [one] });
        return platform.promote(to);
      },
    },
    schema: schemaOf(cloud, []),
    command: "rollback",
    smoke: [],
    onSwitch: async () => undefined,
  });
  await expect(late).rejects.toMatchObject({ code: "LEASE_LOST" });
  expect([cloud.live(), await lists()]).toEqual([1, [3, []]]);
});

test.each<{ readonly live: readonly Name[]; readonly own: readonly Name[]; readonly both: readonly number[] }>([
  { live: [one], own: [one, two], both: [2] },
  { live: [], own: [one], both: [] },
  { live: [one, two], own: [two], both: [3] },
])("--only: of $live and $own what both list", async ({ live, own, both }) => {
  const cloud = createModelCloud<Code>("lambda", () => {});
  await deploy(cloud, { code: "first", files: [] });
  await deploy(cloud, { code: "second", files: live });
  await deploy(cloud, { code: "part", files: own, isPart: true });
  expect(await lists()).toEqual([3, both]);
  // It is remembered of the release, too.
  await move(cloud, "rollback");
  await move(cloud, "rollback");
  expect(await lists()).toEqual([1, []]);
  await switchRelease({
    platform: cloud.platform({ run: steppedRun() }),
    schema: schemaOf(cloud, []),
    command: "promote",
    number: 3,
    smoke: [],
    onSwitch: async () => undefined,
  });
  expect(await lists()).toEqual([3, both]);
});
