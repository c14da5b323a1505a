/** Migrations of extensions beside the app's: which database has them, their order, and what waits for what. */
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compare, readLedger } from "../../framework/migrations/ledger.ts";
import { readDatabaseMigrations, unusedMigrations } from "../../framework/migrations/database-migrations.ts";
import type { MigrationFile } from "../../framework/migrations/migration-file.ts";
import { admitRelease, readReaders, settleReader } from "../../framework/migrations/readers.ts";
import { planMigrations, runMigrations } from "../../framework/migrations/runner.ts";
import type { Database } from "../../framework/model/database.ts";
import type { Extension } from "../../framework/model/extension.ts";
import { appFolder } from "../routes/app-folder.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const blobs = "node_modules/@acme/blobs";
const own = {
  "migrations/0001_photos.sql": "create table photos (blob text references blobs (key) on delete cascade);",
};
const theirs = { [`${blobs}/sql/0001_blobs.sql`]: "create table blobs (key text primary key, old int);" };

const extension = (settings: Extension["settings"] = {}): Extension => ({
  name: "@acme/blobs",
  folder: blobs,
  settings,
  migrations: `${blobs}/sql`,
});

const database = (migrations = "migrations"): Database => ({ dialect: "postgres", url: "URL", migrations });

const appOf = (
  files: Readonly<Record<string, string>>,
  settings?: Extension["settings"],
  databases: Readonly<Record<string, Database>> = { DB: database() },
) => ({ root: realpathSync(appFolder(files)), databases, extensions: [extension(settings)] });

const names = (files: readonly MigrationFile[]): readonly string[] => files.map(({ name }) => name);

function add(root: string, file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

test("an extension's files run before the app's, and each owner has an order of its own", async () => {
  const app = appOf({ ...own, ...theirs });
  const files = await readDatabaseMigrations(app, "DB");
  expect(names(files)).toEqual(["@acme/blobs/0001_blobs", "0001_photos"]);
  expect(files[0]!.file).toBe(`${blobs}/sql/0001_blobs.sql`);
  const client = await server.database("order");
  const run = async (): Promise<readonly string[]> => {
    const all = await readDatabaseMigrations(app, "DB");
    return names((await runMigrations(client, { files: all, which: "all", onEvent: () => {} })).applied);
  };
  expect(await run()).toEqual(["@acme/blobs/0001_blobs", "0001_photos"]);
  expect(await run()).toEqual([]);
  // An update of the package, after the app has files with greater numbers.
  add(app.root, "migrations/0007_more.sql", "create table more (id int);");
  expect(await run()).toEqual(["0007_more"]);
  add(app.root, `${blobs}/sql/0002_size.sql`, "alter table blobs add column size bigint;");
  expect(await run()).toEqual(["@acme/blobs/0002_size"]);
  add(app.root, `${blobs}/sql/0001_a.sql`, "select 1;");
  await expect(run()).rejects.toMatchObject({ code: "MIGRATION_TWICE" });
});

test("a file that waits holds up those of its owner alone", async () => {
  const app = appOf({ ...own, ...theirs });
  const client = await server.database("waiting");
  const before = await readDatabaseMigrations(app, "DB");
  await runMigrations(client, { files: before, which: "all", onEvent: () => {} });
  const id = { app: "shop", stage: "prod", target: "lambda" };
  await admitRelease(client, id, { release: 1, files: before });
  await settleReader(client, id, 1);
  add(app.root, `${blobs}/sql/0002_old.contract.sql`, "alter table blobs drop column old;");
  add(app.root, "migrations/0002_title.sql", "alter table photos add column title text;");
  const files = await readDatabaseMigrations(app, "DB");
  const { applied, waiting } = await runMigrations(client, { files, which: "all", onEvent: () => {} });
  expect([names(applied), waiting?.file.name]).toEqual([["0002_title"], "@acme/blobs/0002_old"]);
  add(app.root, `${blobs}/sql/0003_new.sql`, "alter table blobs add column new int;");
  const more = compare(await readDatabaseMigrations(app, "DB"), await readLedger(client));
  const readers = await readReaders(client);
  expect(() => planMigrations(more, readers)).toThrow(/0003_new\.sql comes after .*0002_old\.contract\.sql/);
});

const shop = { app: "shop", stage: "prod", target: "lambda" };
const drop = { [`${blobs}/sql/0002_old.contract.sql`]: "alter table blobs drop column old;" };
const next = { [`${blobs}/sql/0003_new.sql`]: "alter table blobs add column new int;" };

/** A release as a deploy makes it: its files run, and it takes the traffic. */
async function deploy(client: Client, release: number, files: readonly MigrationFile[]): Promise<readonly string[]> {
  const { applied } = await runMigrations(client, { files, which: "all", release, onEvent: () => {} });
  await admitRelease(client, shop, { release, files });
  await settleReader(client, shop, release);
  return names(applied);
}

const filesOf = (...parts: readonly Readonly<Record<string, string>>[]): Promise<readonly MigrationFile[]> =>
  readDatabaseMigrations(appOf(Object.assign({}, ...parts) as Record<string, string>), "DB");

const empty = { "migrations/0001_other.sql": "create table other (id int);" };
const ownFiles = async (files: Readonly<Record<string, string>>): Promise<readonly MigrationFile[]> =>
  readDatabaseMigrations({ ...appOf(files), extensions: [] }, "DB");

test("an extension that comes to a live app runs its whole history: no release reads its tables", async () => {
  const client = await server.database("install");
  await deploy(client, 1, await ownFiles(empty));
  const all = await filesOf(empty, theirs, drop, next);
  expect(await deploy(client, 2, all)).toEqual([
    "@acme/blobs/0001_blobs",
    "@acme/blobs/0002_old",
    "@acme/blobs/0003_new",
  ]);
  const more = await filesOf(empty, theirs, drop, next, {
    [`${blobs}/sql/0004_new.contract.sql`]: "alter table blobs drop column new;",
  });
  const { waiting } = await runMigrations(client, { files: more, which: "all", onEvent: () => {} });
  expect(waiting).toMatchObject({
    file: { name: "@acme/blobs/0004_new" },
    reasons: ["release 2 of shop at prod on lambda does not list it"],
  });
});

test("an extension that is taken out leaves its tables, and holds up no deploy or rollback", async () => {
  const client = await server.database("removal");
  await deploy(client, 1, await ownFiles(empty));
  await deploy(client, 2, await filesOf(empty, theirs));
  // One that has it, and its contract file not yet.
  await client.query("delete from portico_readers");
  await deploy(client, 3, await filesOf(empty, theirs, drop));
  const without = await ownFiles({ ...empty, "migrations/0002_more.sql": "create table more (id int);" });
  const { left, missing } = compare(without, await readLedger(client));
  expect([left.map(({ name }) => name), missing]).toEqual([["@acme/blobs/0001_blobs", "@acme/blobs/0002_old"], []]);
  expect(await deploy(client, 4, without)).toEqual(["0002_more"]);
  // Back to one that never had it, and not to one whose code may use what is gone.
  await admitRelease(client, shop, { release: 1 });
  await expect(admitRelease(client, shop, { release: 2 })).rejects.toMatchObject({
    code: "SCHEMA_CONTRACTED",
    message: expect.stringContaining("@acme/blobs/0002_old") as string,
  });
  await admitRelease(client, shop, { release: 3 });
  // One that the database does not know may have it.
  await expect(admitRelease(client, shop, { release: 7 })).rejects.toMatchObject({ code: "SCHEMA_CONTRACTED" });
});

test("a file of the app's own drops what an extension left, which may come back", async () => {
  const client = await server.database("dropped");
  await deploy(client, 1, await filesOf(empty, theirs));
  await deploy(client, 2, await ownFiles(empty));
  const gone = {
    "migrations/0002_no_blobs.contract.sql":
      "drop table if exists blobs;\ndelete from portico_migrations where name like '@acme/blobs/%';",
  };
  await client.query("delete from portico_readers");
  expect(await deploy(client, 3, await ownFiles({ ...empty, ...gone }))).toEqual(["0002_no_blobs"]);
  expect(compare([], await readLedger(client)).left).toEqual([]);
  expect(await deploy(client, 4, await filesOf(empty, gone, theirs))).toEqual(["@acme/blobs/0001_blobs"]);
});

test("while a canary shares the traffic, an extension that either release has is read", async () => {
  const client = await server.database("canary");
  await deploy(client, 1, await filesOf(empty, theirs));
  await admitRelease(client, shop, { release: 2, files: await ownFiles(empty) });
  const { waiting } = await runMigrations(client, {
    files: await filesOf(empty, theirs, drop),
    which: "all",
    onEvent: () => {},
  });
  expect(waiting?.file.name).toBe("@acme/blobs/0002_old");
});

test("two extensions with the same file names have one row each", async () => {
  const client = await server.database("names");
  const other = "node_modules/portico-tags";
  const files = { ...theirs, [`${other}/sql/0001_blobs.sql`]: "create table tags (id int);" };
  const tags = { name: "portico-tags", folder: other, settings: {}, migrations: `${other}/sql` };
  const app = { ...appOf(files), extensions: [extension(), tags] };
  const both = ["@acme/blobs/0001_blobs", "portico-tags/0001_blobs"];
  expect(await deploy(client, 1, await readDatabaseMigrations(app, "DB"))).toEqual(both);
  expect((await readLedger(client)).map(({ name }) => name)).toEqual(both);
});

test("what only the author of an extension can mend is said so", async () => {
  const client = await server.database("author");
  await deploy(client, 1, await filesOf(empty, theirs));
  const fixOf = async (files: readonly MigrationFile[]): Promise<unknown> =>
    runMigrations(client, { files, which: "all", onEvent: () => {} }).catch((error: unknown) => error);
  const edited = await filesOf(empty, { [`${blobs}/sql/0001_blobs.sql`]: "create table blobs (key int);" });
  expect(await fixOf(edited)).toMatchObject({
    code: "MIGRATION_EDITED",
    fix: expect.stringContaining("Install the version of @acme/blobs that") as string,
  });
  const late = await filesOf(empty, theirs, { [`${blobs}/sql/0000_late.sql`]: "select 1;" });
  expect(await fixOf(late)).toMatchObject({
    code: "MIGRATION_LATE",
    fix: expect.stringContaining("@acme/blobs") as string,
  });
  expect(await fixOf(await filesOf(empty, theirs, drop, next))).toMatchObject({
    code: "MIGRATION_ORDER",
    fix: expect.stringContaining("Install a version of @acme/blobs that ends with 0002_old") as string,
  });
  const failing = await filesOf(empty, theirs, { [`${blobs}/sql/0002_bad.sql`]: "alter table nothing add a int;" });
  expect(await fixOf(failing)).toMatchObject({
    code: "MIGRATION_FAILED",
    fix: expect.stringContaining("@acme/blobs") as string,
  });
});

test("a file of an extension that is only linked to is the app's own to mend", async () => {
  const client = await server.database("linked");
  const linked = async (sql: string): Promise<readonly MigrationFile[]> => {
    const app = appOf({ ...empty, "packages/blobs/sql/0001_blobs.sql": sql });
    const [one] = app.extensions;
    return readDatabaseMigrations({ ...app, extensions: [{ ...one!, migrations: "packages/blobs/sql" }] }, "DB");
  };
  const run = async (sql: string): Promise<unknown> =>
    runMigrations(client, { files: await linked(sql), which: "all", onEvent: () => {} });
  await expect(run("alter table nothing add a int;")).rejects.toMatchObject({
    code: "MIGRATION_FAILED",
    fix: expect.stringMatching(/^Mend the file: /) as string,
  });
  await run("create table blobs (key text);");
  await expect(run("create table blobs (key int);")).rejects.toMatchObject({
    code: "MIGRATION_EDITED",
    fix: expect.stringMatching(/^Put its text back /) as string,
  });
});

test("dev runs the files of others beside a mistake in those of one owner, which it is told once", async () => {
  const client = await server.database("beside");
  const run = async (files: readonly MigrationFile[]): Promise<readonly unknown[]> => {
    const codes: string[] = [];
    const onMistake = ({ code }: { readonly code: string }): void => void codes.push(code);
    const { applied } = await runMigrations(client, { files, which: "all", onMistake, onEvent: () => {} });
    return [...names(applied), ...codes];
  };
  const gone = { "migrations/0002_gone.contract.sql": "drop table other;" };
  const later = { "migrations/0003_later.sql": "create table later (id int);" };
  expect(await run(await filesOf(empty, gone, theirs))).toEqual(["@acme/blobs/0001_blobs", "0001_other", "0002_gone"]);
  expect(await run(await filesOf(empty, later, theirs, next))).toEqual(["@acme/blobs/0003_new", "MIGRATION_MISSING"]);
  const late = await filesOf(empty, gone, later, theirs, next, drop);
  expect(await run(late)).toEqual(["0003_later", "MIGRATION_LATE"]);
  await expect(runMigrations(client, { files: late, which: "all", onEvent: () => {} })).rejects.toMatchObject({
    code: "MIGRATION_LATE",
  });
});

test("a late file is late among those of its owner", async () => {
  const app = appOf({ ...own, ...theirs });
  const files = await readDatabaseMigrations(app, "DB");
  const ledger = files.map(({ name, kind, sha256 }) => ({
    name,
    kind,
    sha256,
    state: "applied" as const,
    appliedAt: "",
  }));
  add(app.root, `${blobs}/sql/0000_late.sql`, "select 1;");
  const state = compare(await readDatabaseMigrations(app, "DB"), ledger);
  expect(names(state.late)).toEqual(["@acme/blobs/0000_late"]);
  expect(() => planMigrations(state, [])).toThrow(/0000_late\.sql comes before @acme\/blobs\/0001_blobs/);
});

test("of several databases the extension's setting says which; without one it is an error", async () => {
  const two = { DB: database(), LOG: database("migrations/log") };
  const files = { ...own, ...theirs };
  const log = appOf(files, { database: "LOG" }, two);
  expect(names(await readDatabaseMigrations(log, "DB"))).toEqual(["0001_photos"]);
  expect(names(await readDatabaseMigrations(log, "LOG"))).toEqual(["@acme/blobs/0001_blobs"]);
  for (const settings of [{}, { database: "NONE" }])
    await expect(readDatabaseMigrations(appOf(files, settings, two), "DB")).rejects.toMatchObject({
      code: "EXTENSION_DATABASE",
      fix: expect.stringContaining(`{ "@acme/blobs": { "database": "DB" } }`) as string,
    });
  expect(unusedMigrations(log)).toEqual([]);
  expect(unusedMigrations({ ...log, databases: {} })).toEqual([
    '@acme/blobs has migrations, which nothing applies: hosting.json has no "databases"',
  ]);
});
