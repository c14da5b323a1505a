/** That what the classifier calls expand breaks no query of the live release, on a real Postgres. */
import type { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toMigration } from "../../framework/migrations/migration-file.ts";
import { startServer, type TestServer } from "./server.ts";
import { liveQueries, schema, statements } from "./statements.ts";

let server: TestServer;
/** Both with the schema; one has rows before a file runs. A rule can hold for full tables alone, or for empty ones. */
const databases = new Map<string, Client>();

beforeAll(async () => {
  server = await startServer();
  for (const name of ["empty", "full"]) {
    const client = await server.database(name);
    await client.query(schema);
    databases.set(name, client);
  }
  const seed = liveQueries.filter((query) => query.startsWith("insert")).map((query) => query.replaceAll("@x", "@y"));
  await databases.get("full")!.query(seed.join(";"));
});
afterAll(() => server.stop());

/** The failure of the live queries, which are sent at once; undefined where all of them ran. */
async function failure(client: Client): Promise<string | undefined> {
  return client.query(liveQueries.join(";\n")).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

/** Runs a file, then the live queries; everything is undone. */
async function brokenBy(client: Client, sql: string): Promise<string | undefined> {
  if (toMigration("0002_next.sql", sql).noTransaction) return brokenOutside(client, sql);
  await client.query("begin");
  try {
    await client.query(sql);
    return await failure(client);
  } finally {
    await client.query("rollback");
  }
}

async function brokenOutside(client: Client, sql: string): Promise<string | undefined> {
  const { index } = toMigration("0002_next.sql", sql);
  try {
    await client.query(sql);
    await client.query("begin");
    return await failure(client);
  } finally {
    await client.query("rollback");
    await client.query(
      index === undefined ? "create index if not exists posts_title on posts (title)" : `drop index ${index}`,
    );
  }
}

test.each(["empty", "full"])("the live queries run on %s tables", async (name) => {
  expect(await brokenBy(databases.get(name)!, "select 1")).toBeUndefined();
});

const ofKind = (wanted: string): readonly string[] =>
  statements.flatMap(([kind, sql]) => (kind === wanted ? [sql] : []));

/** What a file breaks on empty and on full tables; the error itself where it cannot run at all. */
const onBoth = (sql: string): Promise<readonly unknown[]> =>
  Promise.all([...databases.values()].map((client) => brokenBy(client, sql).catch((error: unknown) => error)));

test.each(ofKind("expand"))("expand breaks nothing: %s", async (sql) => {
  expect(await onBoth(sql)).toEqual([undefined, undefined]);
});

/** A warning says what may happen later; these meet it with the rows that there are. */
const isMet = /100 \/ age|'n'\)::int|on posts \(body\)|^update users set plan|lower\(nick\)/;

test.each(ofKind("warned").filter((sql) => !isMet.test(sql)))("warned breaks nothing at once: %s", async (sql) => {
  expect(await onBoth(sql)).toEqual([undefined, undefined]);
});

test("the proof can fail: contract files that can run break queries, tens of them", async () => {
  const results = [];
  for (const sql of ofKind("contract")) results.push(await onBoth(sql));
  const ran = results.filter((one) => one.some((result) => !(result instanceof Error)));
  const broke = ran.filter((one) => one.some((result) => typeof result === "string"));
  expect(ran.length).toBeGreaterThan(100);
  expect(broke.length).toBeGreaterThan(60);
});
