/** Declares the tests of all conformance cases for one runtime. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, describe, test } from "vitest";
import { loadApp } from "../../framework/config/app-loader.ts";
import { type MigrationFile, readMigrations } from "../../framework/migrations/migration-file.ts";
import { runMigrations } from "../../framework/migrations/runner.ts";
import type { AppName } from "./case.ts";
import { topics } from "./cases.ts";
import { differences } from "./differences.ts";
import type { RunningApp, Runtime } from "./runtime.ts";
import { type TestDatabase, testDatabase } from "../../framework/testing/test-database.ts";
import { secrets } from "./secrets.ts";
import { runCase } from "./case-runner.ts";

const roots: Readonly<Record<AppName, string>> = {
  reference: fileURLToPath(new URL("../../", import.meta.url)),
  fixture: fileURLToPath(new URL("app/", import.meta.url)),
  conduit: fileURLToPath(new URL("../apps/conduit/", import.meta.url)),
};

/** The servers of each app. */
export type Servers = Readonly<Record<AppName, readonly RunningApp[]>>;

/**
 * Declares the tests, which run two servers of the reference app, and one of each other app.
 * @param more declares tests for this runtime alone
 */
export function conformance(runtime: Runtime, more?: (servers: Servers) => void): void {
  const running: Record<AppName, RunningApp[]> = { reference: [], fixture: [], conduit: [] };
  const folders: string[] = [];
  const databases: TestDatabase[] = [];

  /** With the app's migrations. All files of a run share one Postgres, which the first of them starts. */
  const openDatabase = async (root: string): Promise<string> => {
    const database = await testDatabase({ root: roots.reference });
    databases.push(database);
    await migrate(database.url, await readMigrations(root));
    return database.url;
  };

  const start = async (name: AppName): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), "portico-conformance-"));
    folders.push(folder);
    const app = await loadApp({ root: roots[name], stage: "local" });
    const texts = app.databases ? { ...secrets, DATABASE_URL: await openDatabase(app.root) } : secrets;
    const env = { ...app.env, ...Object.fromEntries(app.secrets.map((secret) => [secret, texts[secret] ?? ""])) };
    running[name].push(await runtime.start({ app, env, folder }));
  };

  beforeAll(async () => {
    await Promise.all([start("reference"), start("reference"), start("fixture"), start("conduit")]);
  });

  afterAll(async () => {
    await Promise.all([...running.reference, ...running.fixture, ...running.conduit].map((server) => server.close()));
    await Promise.all(databases.map((database) => database.close()));
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  });

  describe.each(Object.entries(topics))(`${runtime.title ?? runtime.name}: %s`, (_topic, cases) => {
    test.each(cases)("$app: $name", async (one) => {
      const difference = differences.find((row) => row.cases.includes(one.name) && row.runtimes.includes(runtime.name));
      await runCase(one, running[one.app], difference);
    });
  });

  more?.(running);
}

async function migrate(url: string, files: readonly MigrationFile[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await runMigrations(client, { files, which: "all", onEvent: () => {} });
  await client.end();
}
