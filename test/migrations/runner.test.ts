/** The runner on a real Postgres: what it refuses, two at once, and a connection that is cut at every query. */
import { setTimeout } from "node:timers/promises";
import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { DatabaseClient } from "../../framework/migrations/database-client.ts";
import { readLedger } from "../../framework/migrations/ledger.ts";
import { type MigrationFile, toMigration } from "../../framework/migrations/migration-file.ts";
import {
  admitRelease,
  forgetReader,
  readReaders,
  type ReaderId,
  requireOwnDatabase,
  settleReader,
} from "../../framework/migrations/readers.ts";
import type { MigrationEvent, RunnerOptions } from "../../framework/migrations/run-options.ts";
import { runMigrations } from "../../framework/migrations/runner.ts";
import { startServer, type TestServer } from "./server.ts";

/** A release goes live. */
async function goLive(
  client: DatabaseClient,
  id: ReaderId,
  release: number,
  files: readonly MigrationFile[],
): Promise<void> {
  await admitRelease(client, id, { release, files });
  await settleReader(client, id, release);
}

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterEach(() => server.close());
afterAll(() => server.stop());

let made = 0;
const newDatabase = async (): Promise<{ readonly name: string; readonly client: Client }> => {
  const name = `t${(made += 1)}`;
  return { name, client: await server.database(name) };
};

/** As a new database is. */
const empty = (client: Client): Promise<unknown> => client.query("drop schema public cascade; create schema public");

const toFiles = (texts: Readonly<Record<string, string>>): readonly MigrationFile[] =>
  Object.entries(texts).map(([name, sql]) => toMigration(`${name}.sql`, sql));

const run = (
  client: DatabaseClient,
  files: readonly MigrationFile[],
  options: Partial<RunnerOptions> = {},
): ReturnType<typeof runMigrations> =>
  runMigrations(client, { files, which: "all", onEvent: () => {}, sleep: () => Promise.resolve(), ...options });

const first = {
  "0001_users": "create table users (id int generated always as identity primary key, nick text)",
  "0002_name":
    "alter table users add column name text;\n--> statement-breakpoint\ncomment on column users.name is 'full'",
};
const dropNick = { "0003_drop_nick.contract": "alter table users drop column nick" };
const nickIndex = {
  "0004_index": "-- portico: no-transaction\ncreate index concurrently users_name on users (name)",
};

const applied = async (client: DatabaseClient): Promise<readonly string[]> =>
  (await readLedger(client)).map(({ name, state }) => (state === "applied" ? name : `${name} ${state}`));

test("a fresh database runs everything in order, once; a second run does nothing", async () => {
  const { client } = await newDatabase();
  const files = toFiles({ ...first, ...dropNick, ...nickIndex });
  const events: MigrationEvent[] = [];
  const result = await run(client, files, { release: 7, onEvent: (event) => events.push(event) });
  expect(result.applied.map(({ name }) => name)).toEqual(["0001_users", "0002_name", "0003_drop_nick", "0004_index"]);
  expect(events.map(({ step, file }) => `${step} ${file.name}`).slice(0, 4)).toEqual([
    "run 0001_users",
    "applied 0001_users",
    "run 0002_name",
    "applied 0002_name",
  ]);
  expect(await readLedger(client)).toMatchObject([
    { name: "0001_users", kind: "expand", release: 7, state: "applied", sha256: files[0]!.sha256 },
    { name: "0002_name" },
    { name: "0003_drop_nick", kind: "contract" },
    { name: "0004_index", kind: "expand" },
  ]);
  expect(await run(client, files)).toEqual({ applied: [] });
});

test("an app without files makes no tables", async () => {
  const { client } = await newDatabase();
  expect(await run(client, [])).toEqual({ applied: [] });
  expect(await readLedger(client)).toEqual([]);
  const { rows } = await client.query("select to_regclass('public.portico_migrations') as found");
  expect(rows).toEqual([{ found: null }]);
});

test("edited, missing and late files stop a run before any change", async () => {
  const { client } = await newDatabase();
  const files = toFiles({ ...first, ...dropNick });
  await run(client, files);
  const more = toMigration("0009_more.sql", "create table more (id int)");
  const edited = [...toFiles({ "0001_users": "create table users (id bigint)" }), ...files.slice(1), more];
  await expect(run(client, edited)).rejects.toMatchObject({
    code: "MIGRATION_EDITED",
    at: [{ file: "migrations/0001_users.sql" }],
  });
  const renamed = [...files.slice(0, 2), ...toFiles({ "0003_drop_nick": dropNick["0003_drop_nick.contract"] }), more];
  await expect(run(client, renamed)).rejects.toMatchObject({ code: "MIGRATION_EDITED" });
  await expect(run(client, [...files.slice(0, 2), more])).rejects.toMatchObject({ code: "MIGRATION_MISSING" });
  const late = [...files.slice(0, 2), toMigration("0002_a.sql", "select 1"), ...files.slice(2)];
  await expect(run(client, late)).rejects.toMatchObject({ code: "MIGRATION_LATE" });
  expect(await applied(client)).toEqual(["0001_users", "0002_name", "0003_drop_nick"]);
});

test("an older tree that lacks expand files alone may run", async () => {
  const { client } = await newDatabase();
  const files = toFiles(first);
  await run(client, files);
  expect(await run(client, files.slice(0, 1))).toEqual({ applied: [] });
});

test("an extension's files have an order of their own; one that another runner got past is late", async () => {
  const { name, client } = await newDatabase();
  const files = toFiles(first);
  const own = { ...toMigration("0001_blobs.sql", "create table blobs (id int)"), name: "portico-blobs/0001_blobs" };
  await run(client, [own, ...files.slice(0, 1)]);
  await run(client, [own, ...files]);
  expect(await applied(client)).toEqual(["0001_users", "0002_name", "portico-blobs/0001_blobs"]);
  // Between this run's plan and its row.
  const other = await server.connect(name);
  const slow: DatabaseClient = {
    async query(text, values) {
      if (text.includes("insert into public.portico_migrations") && text.includes("'0003_more'"))
        await run(other, [own, ...files, toMigration("0004_late.sql", "select 1")]);
      return client.query(text, values);
    },
  };
  const more = toMigration("0003_more.sql", "create table more (id int)");
  await expect(run(slow, [own, ...files, more])).rejects.toMatchObject({ code: "MIGRATION_LATE" });
});

test("line ends are no edit", async () => {
  const { client } = await newDatabase();
  await run(client, toFiles({ "0001_a": "create table a (id int);\ncreate table b (id int)" }));
  expect(await run(client, toFiles({ "0001_a": "create table a (id int);\r\ncreate table b (id int)" }))).toEqual({
    applied: [],
  });
});

test("a file that fails half way leaves nothing, names its line, and may be edited", async () => {
  const { client } = await newDatabase();
  const broken = toFiles({
    ...first,
    "0003_b": "create table b (id int);\nselect 1;\nalter table users add column nick text",
  });
  await expect(run(client, broken)).rejects.toMatchObject({
    code: "MIGRATION_FAILED",
    message: expect.stringContaining('column "nick" of relation "users" already exists (42701)'),
  });
  expect(await applied(client)).toEqual(["0001_users", "0002_name"]);
  await expect(
    run(client, toFiles({ ...first, "0003_b": "create table b (id int);\n\nselect x from users" })),
  ).rejects.toMatchObject({
    code: "MIGRATION_FAILED",
    at: [{ file: "migrations/0003_b.sql", line: 3 }],
  });
  await run(client, toFiles({ ...first, "0003_b": "create table b (id int)" }));
  expect(await applied(client)).toEqual(["0001_users", "0002_name", "0003_b"]);
});

test("a file that leaves search_path changed", async () => {
  const { client } = await newDatabase();
  await run(
    client,
    toFiles({
      "0001_a": "create schema other",
      "0002_b": "select set_config('search_path', 'other', false)",
      "0003_c": "create table c (id int)",
    }),
  );
  expect(await applied(client)).toEqual(["0001_a", "0002_b", "0003_c"]);
});

test("two runners at once: each file runs once", { timeout: 120_000 }, async () => {
  const files = toFiles({ ...first, ...dropNick, ...nickIndex, "0005_row": "insert into users (name) values ('x')" });
  const { name, client } = await newDatabase();
  const [other, third] = [await server.connect(name), await server.connect(name)];
  for (let round = 0; round < 20; round += 1) {
    await empty(client);
    const results = await Promise.all([run(client, files), run(other, files), run(third, files)]);
    const names = results.flatMap((result) => result.applied.map((file) => file.name));
    expect(names.toSorted()).toEqual(files.map((file) => file.name));
    expect((await client.query("select count(*)::int as n from users")).rows).toEqual([{ n: 1 }]);
  }
});

test("a table that a transaction holds: tried again, and then told", async () => {
  const { name, client } = await newDatabase();
  await run(client, toFiles(first));
  const holder = await server.connect(name);
  await holder.query("begin; select * from users");
  const next = toFiles({ ...first, "0003_age": "alter table users add column age int" });
  const waits: number[] = [];
  const onEvent = (event: MigrationEvent): void => {
    if (event.step === "retry") waits.push(event.seconds);
  };
  const sleep = async (): Promise<void> => {
    if (waits.length === 2) await holder.query("commit");
  };
  await run(client, next, { onEvent, sleep });
  expect(waits).toEqual([1, 2]);
  expect(await applied(client)).toEqual(["0001_users", "0002_name", "0003_age"]);
});

const reader = { app: "a", stage: "prod", target: "lambda" };
/** As if all files had been listed for longer. */
const later = (client: Client, minutes: number): Promise<unknown> =>
  client.query(
    `update portico_readers set listed_since = (select coalesce(jsonb_object_agg(key,
       to_jsonb((value #>> '{}')::timestamptz - $1 * interval '1 minute')), '{}') from jsonb_each(listed_since))`,
    [minutes],
  );

test("a contract file waits until its reader lists it with its hash, for 20 minutes since it was listed", async () => {
  const { client } = await newDatabase();
  const [old, next] = [toFiles(first), toFiles({ ...first, ...dropNick })];
  await run(client, old);
  await goLive(client, reader, 1, old);
  const result = await run(client, next);
  expect(result).toMatchObject({
    applied: [],
    waiting: { file: { name: "0003_drop_nick" }, reasons: ["release 1 of a at prod on lambda does not list it"] },
  });
  await admitRelease(client, reader, { release: 2, files: next });
  expect(await readReaders(client)).toMatchObject([{ release: 1, files: {} }]);
  await goLive(client, reader, 2, next);
  expect(await run(client, next)).toMatchObject({
    waiting: { reasons: [expect.stringContaining("has listed it for 0 of 20 minutes")] },
  });
  await later(client, 15);
  // A deploy in between does not begin the time anew.
  await goLive(client, reader, 3, next);
  await later(client, 6);
  const edited = toFiles({ ...first, "0003_drop_nick.contract": "alter table users drop column name" });
  expect(await run(client, edited)).toMatchObject({ applied: [], waiting: { reasons: [expect.any(String)] } });
  expect((await run(client, next, { which: "contract" })).applied).toHaveLength(1);
});

test("an expand file behind a contract file that waits is refused; without readers it is not", async () => {
  const { client } = await newDatabase();
  const files = toFiles({ ...first, ...dropNick, "0004_more": "create table more (id int)" });
  await run(client, files.slice(0, 2));
  await goLive(client, reader, 1, files.slice(0, 2));
  await expect(run(client, files)).rejects.toMatchObject({ code: "MIGRATION_ORDER" });
  expect(await applied(client)).toHaveLength(2);
  expect(await forgetReader(client, reader)).toBe(true);
  expect(await forgetReader(client, reader)).toBe(false);
  expect((await run(client, files)).applied).toHaveLength(2);
});

test("a release that does not list a contract file that ran cannot take traffic", async () => {
  const { client } = await newDatabase();
  const [old, next] = [toFiles(first), toFiles({ ...first, ...dropNick })];
  await run(client, next);
  await admitRelease(client, reader, { release: 2, files: next });
  await expect(admitRelease(client, reader, { release: 1, files: old })).rejects.toMatchObject({
    code: "SCHEMA_CONTRACTED",
    message: expect.stringContaining("0003_drop_nick"),
  });
  expect(await readReaders(client)).toMatchObject([{ release: 2 }]);
});

test("a deploy of files alone and a rollback, each let in before the other's switch: what both list", async () => {
  const { client } = await newDatabase();
  const [old, next] = [toFiles(first), toFiles({ ...first, ...dropNick })];
  await run(client, old);
  await goLive(client, reader, 1, old);
  await goLive(client, reader, 2, old);
  await admitRelease(client, reader, { release: 1 });
  await admitRelease(client, reader, { release: 2, files: next });
  // The rollback moves the traffic. Whichever writes its list last has not seen the other.
  await settleReader(client, reader, 1);
  await settleReader(client, reader, 2);
  expect((await readReaders(client))[0]!.files).toEqual({});
  await goLive(client, reader, 3, next);
  expect(await readReaders(client)).toMatchObject([{ release: 3, files: { "0003_drop_nick": expect.any(String) } }]);
});

test("a rollback and a contract file at once: never both", { timeout: 120_000 }, async () => {
  const [old, next] = [toFiles(first), toFiles({ ...first, ...dropNick })];
  const seen = new Set<boolean>();
  const { name, client } = await newDatabase();
  const other = await server.connect(name);
  for (let round = 0; round < 30; round += 1) {
    await empty(client);
    await run(client, old);
    await goLive(client, reader, 2, next);
    await later(client, 21);
    // Either may begin a little earlier.
    const wait = (round % 6) * 2;
    const [, admitted] = await Promise.allSettled([
      run(client, next),
      setTimeout(wait).then(() => admitRelease(other, reader, { release: 1, files: old })),
    ]);
    const dropped = (await applied(client)).includes("0003_drop_nick");
    expect(dropped).toBe(admitted.status === "rejected");
    seen.add(dropped);
  }
  expect(seen).toContain(true);
});

/** A connection that is cut before or after its query number `at`. */
function cut(client: Client, at: number, when: "before" | "after"): DatabaseClient & { readonly asked: () => number } {
  let count = 0;
  const end = (): Promise<never> => {
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    throw new Error("Connection terminated by the test");
  };
  return {
    asked: () => count,
    query: async (text, values) => {
      count += 1;
      if (count > at) throw new Error("Client has encountered a connection error and is not queryable");
      if (count === at && when === "before") return end();
      const result = await client.query(text, values);
      return count === at ? end() : result;
    },
  };
}

/** What a run leaves, as one text. */
const outcome = async (client: Client): Promise<unknown> => {
  const { rows } = await client.query(
    `select (select count(*)::int from users) as users,
       (select indisvalid from pg_index where indexrelid = to_regclass('users_nick')) as index`,
  );
  return rows[0];
};

test.each(["before", "after"] as const)(
  "cut %s each query: a second run ends it",
  { timeout: 200_000 },
  async (when) => {
    const files = toFiles({
      "0001_users": "create table users (id int, nick text, age int); insert into users values (1)",
      "0002_index": "-- portico: no-transaction\ncreate index concurrently users_nick on users (nick)",
      "0003_age.contract": "alter table users drop column age; insert into users values (2)",
    });
    const { name, client: again } = await newDatabase();
    for (let at = 1; ; at += 1) {
      await empty(again);
      const client = await server.connect(name);
      const cutting = cut(client, at, when);
      const failed = await run(cutting, files).catch((error: unknown) => error);
      await client.end().catch(() => undefined);
      await run(again, files);
      expect(await applied(again)).toEqual(files.map((file) => file.name));
      expect(await outcome(again)).toEqual({ users: 2, index: true });
      if (cutting.asked() < at) {
        expect(failed).toMatchObject({ applied: expect.any(Array) });
        expect(at).toBeGreaterThan(25);
        return;
      }
      expect(failed).toBeInstanceOf(Error);
    }
  },
);

test("an invalid index of a dead run is dropped; one that was made and not written down is kept", async () => {
  const { client } = await newDatabase();
  const files = toFiles({ ...first, ...nickIndex });
  await run(client, files.slice(0, 2));
  const row = (sha256: string): string =>
    `insert into portico_migrations (name, kind, sha256, state)
     values ('0004_index', 'expand', '${sha256}', 'running')`;
  await client.query("create index users_name on users (name)");
  await client.query("update pg_index set indisvalid = false where indexrelid = 'users_name'::regclass");
  await client.query(row("x"));
  const oid = async (): Promise<unknown> =>
    (
      await client.query(
        "select 'users_name'::regclass::oid as oid, indisvalid from pg_index where indexrelid = 'users_name'::regclass",
      )
    ).rows[0];
  const before = await oid();
  await run(client, files);
  const after = await oid();
  expect(after).not.toEqual(before);
  expect(after).toMatchObject({ indisvalid: true });
  await client.query("update portico_migrations set state = 'running' where name = '0004_index'");
  await run(client, files);
  expect(await oid()).toEqual(after);
  expect(await applied(client)).toEqual(["0001_users", "0002_name", "0004_index"]);
});

test("an index that fails is dropped, and its file may be edited", async () => {
  const { client } = await newDatabase();
  await run(client, toFiles({ ...first, "0003_row": "insert into users (nick) values ('a'), ('a')" }));
  const unique = (sql: string): readonly MigrationFile[] =>
    toFiles({
      ...first,
      "0003_row": "insert into users (nick) values ('a'), ('a')",
      "0004_u.contract": `-- portico: no-transaction\n${sql}`,
    });
  await expect(run(client, unique("create unique index concurrently u on users (nick)"))).rejects.toMatchObject({
    code: "MIGRATION_FAILED",
  });
  expect(await applied(client)).toHaveLength(3);
  await run(client, unique("create unique index concurrently u on users (id)"));
  expect(await applied(client)).toHaveLength(4);
});

test("an index that was there before, of the same name, stays where its file fails", async () => {
  const { client } = await newDatabase();
  const files = toFiles({
    ...first,
    "0003_u": "-- portico: no-transaction\ncreate index concurrently u on users (nick)",
  });
  await run(client, toFiles(first));
  await client.query("create unique index u on users (id)");
  await expect(run(client, files)).rejects.toMatchObject({ code: "MIGRATION_FAILED" });
  const { rows } = await client.query("select indisunique from pg_index where indexrelid = to_regclass('u')");
  expect(rows).toEqual([{ indisunique: true }]);
});

test("the session is killed within a file: nothing of it is kept, and the run goes on", async () => {
  const { name, client } = await newDatabase();
  const statements = Array.from({ length: 6 }, (_, at) => `create table t${at} (id int); select pg_sleep(0.2)`);
  const files = toFiles({ "0001_a": statements.join(";\n") });
  // Its error may be there before the statement that cuts it is answered.
  const running = run(client, files).catch((error: unknown) => error);
  const other = await server.connect(name);
  await expect
    .poll(
      async () =>
        (
          await other.query("select pid from pg_stat_activity where query like 'create table t0%' and datname = $1", [
            name,
          ])
        ).rows.length,
    )
    .toBe(1);
  await other.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where query like 'create table t0%' and datname = $1",
    [name],
  );
  expect(await running).toMatchObject({ code: "MIGRATION_CUT_OFF" });
  expect(await applied(other)).toEqual([]);
  await run(other, files);
  expect(await applied(other)).toEqual(["0001_a"]);
});

test("a database that another app or stage reads, unless hosting.json says that it is shared", async () => {
  const { client } = await newDatabase();
  await goLive(client, reader, 1, []);
  await goLive(client, { ...reader, target: "workers" }, 1, []);
  const readers = await readReaders(client);
  requireOwnDatabase(reader, readers, false);
  requireOwnDatabase({ app: "b", stage: "prod" }, readers, true);
  expect(() => requireOwnDatabase({ app: "a", stage: "dev" }, readers, false)).toThrow(
    expect.objectContaining({ code: "DATABASE_SHARED", fix: expect.stringContaining("portico migrate forget a prod") }),
  );
});
