/**
 * A release with a contract and an expand file, killed between any two of its writing calls and statements and
 * repeated: it ends as one clean run, each file runs once, and what is live finds the tables that it needs.
 */
// @module-tag check
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Schema } from "../../../deploy/schema.ts";
import { createSchema } from "../../../framework/cli/release-schema.ts";
import { seededRandom } from "../../../framework/cloud/seeded-random.ts";
import { overConnection } from "../../../framework/migrations/migrated-database.ts";
import { toMigration } from "../../../framework/migrations/migration-file.ts";
import { startServer, type TestServer } from "../../migrations/server.ts";
import { lambda, lambdaUrl } from "./lambda.ts";
import { type ApiCall, type CloudState, isWrite, type Transport } from "./row.ts";
import { type Builds, buildAll, samples } from "./sample-apps.ts";
import { workers } from "./workers.ts";
import { openWorld, type Outcome, type RunOptions, type World } from "./world.ts";

const users = { "0001_users": "create table users (id int, nick text)" };
const drop = { ...users, "0002_drop_nick.contract": "alter table users drop column nick" };
const name = { ...drop, "0003_name": "alter table users add column name text" };
type Files = Readonly<Record<string, string>>;

/** What the two releases ask, A with its second list of files: it does not use what the contract file drops. */
const queries: Readonly<Record<string, string>> = {
  "200 A": "insert into users (id) values (1)",
  "200 B": "insert into users (id, name) values (1, 'x')",
};

/** By the seed of the run. */
const seed = Number(process.env["PORTICO_SEED"]);
const allOf = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at + 1);

let server: TestServer;
let made = 0;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** One database, as two connections see it. */
interface Database {
  readonly client: Client;
  readonly watcher: Client;
}

async function openDatabase(template?: string): Promise<Database & { readonly name: string }> {
  const own = `d${(made += 1)}`;
  const client = await server.database(own, template);
  return { name: own, client, watcher: await server.connect(own) };
}

/** Statements that only ask are no writes. */
const schemaOf =
  (client: Client, files: Files) =>
  (transport: Transport): Schema =>
    createSchema({
      owner: { app: "promise", stage: "local" },
      databases: [
        {
          name: "DB",
          isShared: false,
          files: Object.entries(files).map(([file, sql]) => toMigration(`${file}.sql`, sql)),
          database: overConnection({
            query: (text, values) => {
              const operation = text.startsWith("select") ? "GetRows" : text;
              return transport({ service: "postgres", operation }, () => client.query(text, values));
            },
          }),
        },
      ],
      targetOf: () => "target",
      onEvent: () => {},
    });

/** What the database holds, without times. */
async function contentOf(watcher: Client): Promise<unknown> {
  const ask = async (text: string): Promise<unknown> => (await watcher.query(text)).rows;
  return {
    ledger: await ask("select name, kind, sha256, release, state from portico_migrations order by name"),
    readers: await ask("select target, release, admitted, files from portico_readers"),
    releases: await ask("select target, release, files from portico_releases order by release"),
    columns: await ask(
      "select attname from pg_attribute where attrelid = 'users'::regclass and attnum > 0 order by attnum",
    ),
  };
}

function expectDone(outcome: Outcome): Outcome {
  expect(outcome.end, String(outcome.error)).toBe("done");
  return outcome;
}

/** The release that is live finds what it needs; within a transaction of the run its tables are locked. */
async function expectServed(world: World, watcher: Client, { service, operation }: ApiCall): Promise<void> {
  if (service === "postgres" && !operation.endsWith("commit")) return;
  const answer = (await world.ask(["/"]))["/"]!;
  await watcher.query(queries[answer] ?? `the answer was ${answer}`);
}

describe.each([
  { name: lambda.name, row: lambda, isSampled: false },
  { name: lambdaUrl.name, row: lambdaUrl, isSampled: true },
  { name: workers.name, row: workers, isSampled: false },
])("$name", ({ row, isSampled }) => {
  let folder: string;
  let built: Builds<keyof typeof samples>;
  /** Before the release. */
  let template: string;
  let clean: { readonly state: CloudState; readonly content: unknown; readonly writes: readonly ApiCall[] };

  const update = (world: World, { client, watcher }: Database, options: RunOptions = {}): Promise<Outcome> =>
    world.run(
      { verb: "deploy", build: built.builds.B },
      { ...options, schema: schemaOf(client, name), onEffect: (call) => expectServed(world, watcher, call) },
    );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "portico-killed-schema-"));
    built = await buildAll(row, samples);
    const world = await openWorld(row);
    const { name: first, client, watcher } = await openDatabase();
    for (const files of [users, drop]) {
      expectDone(await world.run({ verb: "deploy", build: built.builds.A }, { schema: schemaOf(client, files) }));
    }
    await watcher.query(
      `update portico_readers set listed_since = jsonb_build_object('0002_drop_nick', now() - interval '21 minutes')`,
    );
    await world.save(join(folder, "saved"));
    await server.close();
    template = first;
    const database = await openDatabase(template);
    const writes = expectDone(await update(world, database)).calls.filter(isWrite);
    clean = { state: await world.state(), content: await contentOf(database.watcher), writes };
    await world.close();
    await server.close();
  });
  afterAll(async () => {
    await built.close();
    await rm(folder, { recursive: true });
  });

  /** Repeated at once from the same checkout, or from another when the lock has run out. */
  const killAndRepeat = async (at: number, effect: "before" | "after"): Promise<void> => {
    const where = `killed ${effect} ${clean.writes[at - 1]?.operation}, number ${at}`;
    const world = await openWorld(row, { saved: join(folder, "saved") });
    const database = await openDatabase(template);
    try {
      expect(await update(world, database, { kill: { at, effect, of: "writes" } }), where).toMatchObject({
        end: "died",
      });
      const { processID } = database.client as unknown as { readonly processID: number };
      await database.watcher.query("select pg_terminate_backend($1, 60000)", [processID]);
      const isElsewhere = (at + (seed >> 1)) % 2 === 1;
      if (isElsewhere) world.clock.advance(31_000);
      const again = { ...database, client: await server.connect(database.name) };
      const { end, error } = await update(world, again, isElsewhere ? { checkout: "elsewhere" } : {});
      expect(["done", "nothing"], `${where}: ${String(error)}`).toContain(end);
      expect(await world.state(), where).toEqual(clean.state);
      expect(await contentOf(database.watcher), where).toEqual(clean.content);
      expect(await update(world, again), where).toMatchObject({ end: "nothing" });
    } finally {
      await world.close();
      await server.close();
    }
  };

  test("the files run once, in their places", () => {
    expect(clean.content).toMatchObject({
      ledger: [
        { name: "0001_users", release: 1 },
        { name: "0002_drop_nick", release: 2, state: "applied" },
        { name: "0003_name", release: 2, state: "applied" },
      ],
      readers: [{ release: 2, admitted: 2, files: { "0002_drop_nick": expect.any(String) } }],
      columns: [{ attname: "id" }, { attname: expect.stringContaining("dropped") }, { attname: "name" }],
    });
  });

  // What is after a write is what is before the next. Every other one, as the seed says; behind a function URL three.
  test("killed between two writes and repeated, it ends as a clean run", async () => {
    const all = allOf(clean.writes.length).filter((at) => at % 2 === seed % 2 || at === clean.writes.length);
    const random = seededRandom(seed);
    const kills = isSampled ? [1, 2, 3].map(() => all[Math.floor(random() * all.length)]!) : all;
    const failures: string[] = [];
    for (const at of kills)
      await killAndRepeat(at, seed % 4 < 2 ? "after" : "before").catch((error: Error) => failures.push(error.message));
    expect(failures).toEqual([]);
  });
});
