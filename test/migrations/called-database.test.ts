/** A database that is asked through the function's handler, on a real Postgres. */
// @module-tag check
import { setTimeout } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Platform } from "../../deploy/platform.ts";
import { createSchema } from "../../framework/cli/release-schema.ts";
import { type CalledDatabase, type MigrateFunction, overFunction } from "../../framework/migrations/called-database.ts";
import { createMigrateHandler } from "../../framework/migrations/lambda-handler.ts";
import { readLedger } from "../../framework/migrations/ledger.ts";
import { callVersion, type MigrateAnswer, type MigrateCall } from "../../framework/migrations/migrate-call.ts";
import type { MigratedDatabase } from "../../framework/migrations/migrated-database.ts";
import { toMigration } from "../../framework/migrations/migration-file.ts";
import { startServer, type TestServer } from "./server.ts";
import { until } from "../until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

let client: Client;
let url: string;
let made = 0;
let running: Promise<unknown>[] = [];
beforeEach(async () => {
  const name = `d${(made += 1)}`;
  client = await server.database(name);
  url = server.url(name);
  await client.query("create table users (id int)");
});
afterEach(async () => {
  await Promise.all(running);
  running = [];
  await server.close();
});

const handler = createMigrateHandler(Client);

/** Through JSON, as Lambda has it. */
const invoke = async (call: unknown, remaining = 900_000): Promise<MigrateAnswer> =>
  JSON.parse(
    JSON.stringify(
      await handler(JSON.parse(JSON.stringify(call)) as MigrateCall, { getRemainingTimeInMillis: () => remaining }),
    ),
  ) as MigrateAnswer;

const functionWith = (remaining?: number): MigrateFunction => ({
  ask: (call) => invoke(call, remaining),
  start: async (call) => void running.push(invoke(call, remaining)),
});

function open(steps: string[], change: Partial<CalledDatabase> = {}, remaining?: number): MigratedDatabase {
  const onWait = (text: string): void => void steps.push(text);
  const sleep = () => setTimeout(20);
  return overFunction(functionWith(remaining), { name: "DB", url, who: "shop at prod", onWait, sleep, ...change });
}

const files = (...entries: readonly (readonly [string, string])[]) =>
  entries.map(([name, sql]) => toMigration(`${name}.sql`, sql));
const add = files(["0001_name", "alter table users add column name text"]);
const applied = async (): Promise<readonly string[]> =>
  (await readLedger(client)).map((row) => `${row.name} ${row.release}`);

const run = (steps: string[], database: MigratedDatabase, release: number) =>
  database.run({
    files: add,
    release,
    which: "all",
    onEvent: ({ step, file }) => void steps.push(`${step} ${file.name}`),
  });

test("a run ends without its deployer; another one is told, waits, and finds everything done", async () => {
  await client.query("begin; lock table users in access share mode");
  // The deployer of this run dies: nobody reads on.
  const dead = open([], { sleep: () => Promise.reject(new Error("killed")) });
  await expect(run([], dead, 2)).rejects.toThrow("killed");
  const steps: string[] = [];
  const second = run(steps, open(steps), 3);
  await until(() => steps.length > 0);
  expect(steps).toEqual(["shop at prod, release 2 migrates the database DB; waiting"]);
  await client.query("commit");
  expect(await second).toEqual({ applied: [] });
  expect(await applied()).toEqual(["0001_name 2"]);
});

test("tells what it does while it waits for a table", async () => {
  await client.query("begin; lock table users in access share mode");
  const steps: string[] = [];
  const result = run(steps, open(steps), 1);
  await until(() => steps.includes("retry 0001_name"));
  await client.query("commit");
  expect((await result).applied).toEqual(add);
  expect(steps.slice(-2)).toEqual(["run 0001_name", "applied 0001_name"]);
});

test("runs nothing that Lambda gives twice or too late, and refuses another Portico's call", async () => {
  const call = { migrate: callVersion, database: "DB", url };
  const order = { which: "all", files: add };
  await invoke({ ...call, ask: "begin", id: "late", who: "x", order });
  await client.query("update portico_runs set seen = seen - interval '61 seconds'");
  await invoke({ ...call, ask: "run", id: "late" });
  expect(await invoke({ ...call, ask: "progress", id: "late", after: 0 })).toEqual({
    value: { events: [], isLost: true },
  });
  expect(await applied()).toEqual([]);
  await invoke({ ...call, ask: "begin", id: "twice", who: "x", order });
  expect(await invoke({ ...call, ask: "begin", id: "twice", who: "x", order })).toEqual({ value: {} });
  expect(await invoke({ ...call, ask: "begin", id: "other", who: "y", order })).toEqual({ value: { busy: "x" } });
  await Promise.all([1, 2].map(() => invoke({ ...call, ask: "run", id: "twice" })));
  expect(await invoke({ ...call, ask: "progress", id: "twice", after: 1 })).toEqual({
    value: {
      events: [{ step: "applied", file: "0001_name", milliseconds: expect.any(Number) }],
      answer: { value: { applied: ["0001_name"] } },
      isLost: false,
    },
  });
  expect(await invoke({ ...call, ask: "begin", id: "next", who: "y", order })).toEqual({ value: {} });
  expect(await invoke({ ...call, migrate: callVersion + 1, ask: "look" })).toMatchObject({
    error: { code: "MIGRATE_FUNCTION_OLD" },
  });
});

test("a file for which the function has no time is undone, and what came before it stays", async () => {
  const slow = files(["0002_slow", "create table slow (id int);\nselect pg_sleep(60)"]);
  const database = open([], {}, 20_500);
  await expect(
    database.run({ files: [...add, ...slow], release: 1, which: "all", onEvent: () => {} }),
  ).rejects.toMatchObject({ code: "MIGRATION_TOO_LONG", fix: expect.stringContaining("PORTICO_MIGRATE_URL") });
  expect(await applied()).toEqual(["0001_name 1"]);
});

test("a run that waits for another one ends when the function's time is over", async () => {
  // As a runner of CREATE INDEX CONCURRENTLY holds it.
  await client.query("select pg_advisory_lock(7203190462)");
  const index = files(["0001_index", "-- portico: no-transaction\ncreate index concurrently users_id on users (id)"]);
  const late = open([], {}, 20_300).run({ files: index, which: "all", onEvent: () => {} });
  await expect(late).rejects.toMatchObject({ code: "MIGRATION_TOO_LONG" });
  expect(await applied()).toEqual([]);
});

test("a run whose connection is cut says so, and the next one goes on", async () => {
  await client.query("begin; lock table users in access share mode");
  const steps: string[] = [];
  const cut = run(steps, open(steps), 1).catch((error: unknown) => error);
  await until(() => steps.includes("retry 0001_name"));
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where pid <> pg_backend_pid() and application_name = 'portico migrate'`,
  );
  await client.query("commit");
  expect(await cut).toMatchObject({ code: "MIGRATION_CUT_OFF" });
  expect(await applied()).toEqual([]);
  expect((await run([], open([]), 2)).applied).toEqual(add);
});

test("a reader is not moved while a contract file holds the readers: that is waited for", async () => {
  const steps: string[] = [];
  const id = { app: "shop", stage: "prod", target: "lambda" };
  const database = open(steps);
  await database.admit(id, { release: 1, files: add });
  await client.query("begin; lock table portico_readers in share row exclusive mode");
  const settled = database.settle(id, 1);
  await until(() => steps.length > 0);
  expect(steps[0]).toBe("a migration that takes something away runs on DB, and nothing may move meanwhile; waiting");
  await client.query("commit");
  await settled;
  expect((await database.look()).readers).toMatchObject([{ ...id, release: 1 }]);
  expect([await database.forget(id), await database.forget(id)]).toEqual([true, false]);
});

test("files of more than a call's size are refused, applied ones not counted", async () => {
  const large = files(["0002_rows", `insert into users values (1); -- ${"x".repeat(6_000_000)}`]);
  await expect(open([]).run({ files: [...add, ...large], which: "all", onEvent: () => {} })).rejects.toMatchObject({
    code: "MIGRATION_SIZE",
    at: [{ file: "migrations/0001_name.sql" }, {}],
  });
  const unknown = open([], { url: "postgres://nobody:x@127.0.0.1:1/x" });
  await expect(unknown.look()).rejects.toMatchObject({
    code: "DATABASE_UNREACHABLE",
    message: expect.stringContaining("cannot be asked from the VPC: connect ECONNREFUSED"),
  });
});

interface Kill {
  readonly at: number;
  readonly effect: "before" | "after";
}

/** The function for a deployer that dies at one of its calls. */
function dyingAt({ at, effect }: Kill): MigrateFunction {
  let calls = 0;
  const { ask, start } = functionWith();
  const dying = async <T>(call: () => Promise<T>): Promise<T> => {
    calls += 1;
    const isLast = calls === at;
    if (isLast && effect === "before") throw new Error("killed");
    const result = await call();
    if (isLast) throw new Error("killed");
    return result;
  };
  return {
    ask: (call) => dying(() => ask(call)),
    start: (call) => dying(() => start(call)),
  };
}

/** What a deploy does with the schema, between its calls to the cloud. */
async function release(number: number, fn: MigrateFunction): Promise<void> {
  const platform = {} as Platform;
  const options = { name: "DB", url, who: "shop at prod", onWait: () => {}, sleep: () => setTimeout(10) };
  const schema = createSchema({
    owner: { app: "shop", stage: "prod" },
    databases: [{ name: "DB", database: overFunction(fn, options), isShared: false, files: [...drop, ...add] }],
    targetOf: () => "lambda",
    onEvent: () => {},
  });
  await schema.plan([{ platform, number, isLive: false, bringsFunction: false }]);
  await schema.contract(number);
  await schema.expand(number);
  await schema.admit({ platform, number });
  await schema.settle({ platform, number });
}

const drop = files(["0000_drop.contract", "alter table users drop column nick"]);

test("a deploy that is killed at any call of the function ends as a clean one when it is run again", async () => {
  const seed = Number(process.env["PORTICO_SEED"]);
  const states: unknown[] = [];
  for (let at = 1, isKilled = true; isKilled; at += 1) {
    client = await server.database(`killed_${at}`);
    url = server.url(`killed_${at}`);
    await client.query("create table users (id int, nick text)");
    // Each call by one of the two: which one is the seed's.
    const dying = dyingAt({ at, effect: (at + seed) % 2 === 0 ? "before" : "after" });
    isKilled = await release(1, dying).then(
      () => false,
      (error: Error) => error.message === "killed",
    );
    // A run that was begun and never started holds the database for a minute.
    const { rows } = await client.query("select to_regclass('portico_runs') is not null as found");
    if ((rows[0] as { readonly found: boolean }).found)
      await client.query("update portico_runs set seen = seen - interval '61 seconds' where not started");
    await release(2, functionWith());
    const { readers } = await open([]).look();
    states.push([
      (await readLedger(client)).map((row) => row.name),
      readers.map(({ release: number, files: listed }) => [number, listed]),
    ]);
  }
  expect(states.length).toBeGreaterThan(8);
  expect(new Set(states.map((one) => JSON.stringify(one)))).toEqual(
    new Set([JSON.stringify([["0000_drop", "0001_name"], [[2, { "0000_drop": drop[0]!.sha256 }]]])]),
  );
});
