/** Migrations of extensions beside the app's: which database has them, their order, and what waits for what. */
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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
