/** A database of its own for a test: a copy of one that has the app's schema, on a local Postgres that tests share. */
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Client } from "pg";
import { loadApp } from "../config/app-loader.ts";
import { withOwner } from "../emulation/postgres/databases.ts";
import { type LocalPostgres, startLocalPostgres } from "../emulation/postgres/local-postgres.ts";
import { readDatabaseMigrations } from "../migrations/database-migrations.ts";
import { type MigrationFile, readMigrations } from "../migrations/migration-file.ts";
import { runMigrations } from "../migrations/runner.ts";
import { UserError } from "../model/user-error.ts";
import { nearestApp } from "./nearest-app.ts";

/** Where the local Postgres of tests is, relative to the app's root. */
const folder = ".portico/postgres-test";

/** Of which app. */
export interface TestDatabaseOptions {
  /** Its folder. Default: the current one, or the nearest above it that has an app. */
  readonly root?: string;
  /** Its name in hosting.json, whose migrations it has. Default: the app's only one. */
  readonly database?: string;
}

/** A database that ends with its test. */
export interface TestDatabase extends AsyncDisposable {
  /** `postgres://…`, for its owner. */
  readonly url: string;
  /** Drops it, whoever is connected. `app.close()` does so for those that it was given. */
  close(): Promise<void>;
}

/** By the app's root. */
const servers = new Map<string, Promise<LocalPostgres>>();

/** Names of the databases that are copied, by root and schema. */
const templates = new Map<string, Promise<string>>();

/**
 * The first one of a run takes seconds: it makes the Postgres, and runs the app's migrations on the database that is
 * copied. Throws UserError POSTGRES_PACKAGE_MISSING and the others of `startLocalPostgres`, POSTGRES_CLIENT_MISSING,
 * TEST_DATABASE, and those of migrations.
 */
export async function testDatabase({
  root = nearestApp(process.cwd()),
  database,
}: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const postgres = await once(servers, root, () => openServer(root));
  const files = await migrationsOf(root, database);
  const schema = createHash("sha256")
    .update(files.map(({ name, sha256 }) => `${name} ${sha256}\n`).join(""))
    .digest("hex");
  const template = await once(templates, `${root} ${schema}`, () => ensureTemplate(postgres, root, schema, files));
  const name = `test_${process.pid}_${randomBytes(12).toString("hex")}`;
  // A tenth of the time of the default, which writes every page to the log.
  const copy = `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`;
  await withOwner(postgres, root, (client) => client.query(copy));
  let closed: Promise<unknown> | undefined;
  const close = async (): Promise<void> => {
    closed ??= withOwner(postgres, root, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    await closed;
  };
  return { url: postgres.url(name), close, [Symbol.asyncDispose]: close };
}

/** A database's migrations. Throws UserError TEST_DATABASE for none of its name, or of several. */
async function migrationsOf(root: string, name: string | undefined): Promise<readonly MigrationFile[]> {
  const app = await loadApp({ root, stage: "test", target: "node" });
  const { databases = {} } = app;
  const names = Object.keys(databases);
  if (name === undefined && names.length === 0) return readMigrations(root);
  const own = name ?? (names.length === 1 ? names[0]! : "");
  if (Object.hasOwn(databases, own)) return readDatabaseMigrations(app, own);
  throw new UserError(
    "TEST_DATABASE",
    name === undefined
      ? `testDatabase is to know which database it stands for: the app has ${names.join(" and ")}`
      : `the app has no database ${name}`,
    names.length > 0
      ? `Write testDatabase({ database: ${JSON.stringify(names[0])} }).`
      : 'Add it to "databases" in hosting.json, or leave it out.',
  );
}

/** One that failed is tried again. */
function once<T>(known: Map<string, Promise<T>>, key: string, open: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? open();
  known.set(key, found);
  found.catch(() => known.delete(key));
  return found;
}

async function openServer(root: string): Promise<LocalPostgres> {
  const postgres = await startLocalPostgres({ folder: join(root, folder), packageFolder: root, durable: false });
  await withOwner(postgres, root, dropAbandoned);
  return postgres;
}

/** A database with the app's schema, which is made once: the lock is that of all processes on this Postgres. */
async function ensureTemplate(
  postgres: LocalPostgres,
  root: string,
  schema: string,
  files: readonly MigrationFile[],
): Promise<string> {
  const name = `template_${schema.slice(0, 24)}`;
  // It is dropped as a test's database is, where a run ends half-way.
  const draft = `test_${process.pid}_${schema.slice(0, 24)}`;
  await withOwner(postgres, root, async (client) => {
    await client.query("SELECT pg_advisory_lock(20160)");
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    if (rowCount) return;
    await client.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${draft}`);
    const run = (own: Client): Promise<unknown> => runMigrations(own, { files, which: "all", onEvent: () => {} });
    if (files.length > 0) await withOwner(postgres, root, run, draft);
    await client.query(`ALTER DATABASE ${draft} RENAME TO ${name}`);
    await dropOldTemplates(client);
  });
  return name;
}

/** Each has some megabytes, and every change of a migration makes one. */
const keptTemplates = 10;

/** A newer one has a higher oid. One that is being copied stays until the next time. */
async function dropOldTemplates(client: Client): Promise<void> {
  const { rows } = await client.query<{ readonly datname: string }>(
    "SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%' ORDER BY oid DESC OFFSET $1",
    [keptTemplates],
  );
  for (const { datname } of rows) await client.query(`DROP DATABASE IF EXISTS ${datname}`).catch(() => undefined);
}

/** Drops the databases of processes that were killed. */
async function dropAbandoned(client: Client): Promise<void> {
  const { rows } = await client.query<{ readonly datname: string }>(
    "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'",
  );
  for (const { datname } of rows)
    if (!isAlive(Number(datname.split("_")[1]))) await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
