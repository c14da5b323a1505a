/** Where histories happen: one database, emptied for each; and what has to be true when one has come to its end. */
import type { Client } from "pg";
import { expect } from "vitest";
import { checkMigrations } from "../../../framework/migrations/classifier.ts";
import { readLedger } from "../../../framework/migrations/ledger.ts";
import { readReaders } from "../../../framework/migrations/readers.ts";
import { startServer } from "../../migrations/server.ts";
import { toFiles, type Tree } from "./app-tree.ts";
import { type Command, type Connections, createHistory, type History } from "./history.ts";

/** Held open by a test file. */
export interface Place {
  begin(): Promise<History>;
  /**
   * Deploys until nothing is left to do. No query failed, every file ran once, with its text, and the readers are what
   * is live.
   */
  expectDone(history: History): Promise<void>;
  close(): Promise<void>;
}

/** One that nothing disturbs. */
export const quiet: Command = { does: "deploy", to: "both", smoke: 200, back: 0, thinks: 0 };

export async function openPlace(): Promise<Place> {
  const server = await startServer();
  const watcher = await server.database("history");
  const prober = await server.connect("history");
  // What a live query waits for a migration is bounded: one that waits longer fails, and so does its history.
  await prober.query("set lock_timeout = '5s'");
  const spare: Client[] = [];
  const connections: Connections = {
    watcher,
    prober,
    connect: async () => spare.pop() ?? server.connect("history"),
    keep: async (client) => void spare.push(client),
    cut: (client) => cut(client, watcher),
  };
  return {
    async begin() {
      await watcher.query("drop schema public cascade; create schema public");
      return createHistory(connections);
    },
    expectDone: (history) => expectDone(history, watcher),
    close: () => server.stop(),
  };
}

async function cut(client: Client, watcher: Client): Promise<void> {
  const { processID } = client as unknown as { readonly processID: number };
  await watcher.query("select pg_terminate_backend($1)", [processID]);
  const isThere = async (): Promise<boolean> =>
    (await watcher.query("select 1 from pg_stat_activity where pid = $1", [processID])).rows.length > 0;
  while (await isThere()) await new Promise(setImmediate);
}

/** As people do who read what they are told. */
async function settle(history: History): Promise<void> {
  const ends: string[] = [];
  for (let round = 0; round < 8; round += 1) {
    const end = await history.run(quiet);
    if (end === "nothing") return;
    ends.push(end);
    if (end === "CANARY_RUNNING") await history.run({ does: "rollback", on: "workers", smoke: 200 });
  }
  throw new Error(`quiet deploys do not come to an end: ${ends.join(", ")}`);
}

async function expectDone(history: History, watcher: Client): Promise<void> {
  await settle(history);
  await history.perform({ does: "wait", minutes: 21 });
  const files = toFiles(history.tree());
  await checkMigrations(files);
  await history.run({ does: "finish" });
  await settle(history);
  expect(history.failures).toEqual([]);
  expect(history.prober.failures).toEqual([]);
  const own = (await readLedger(watcher)).filter(({ name }) => files.some((file) => file.name === name));
  expect(own.map(({ name, sha256, state }) => ({ name, sha256, state }))).toEqual(
    files.map(({ name, sha256 }) => ({ name, sha256, state: "applied" })),
  );
  const listed = Object.fromEntries(
    files.filter(({ kind }) => kind === "contract").map(({ name, sha256 }) => [name, sha256]),
  );
  expect((await readReaders(watcher)).map(({ target, release, files: list }) => [target, release, list])).toEqual(
    history.clouds.map((cloud) => [cloud.target, cloud.live(), listed]),
  );
  const { rows } = await watcher.query<{ readonly name: string }>(
    `select table_name || '.' || column_name as name from information_schema.columns
     where table_schema = 'public' and table_name not like 'portico%'`,
  );
  expect(new Set(rows.map(({ name }) => name))).toEqual(columnsOf(history.tree()));
}

/** The columns that the app's files make. */
function columnsOf({ files }: Tree): ReadonlySet<string> {
  const columns = new Set<string>();
  for (const { does, table, column } of files.map(({ effect }) => effect)) {
    if (does === "add table") columns.add(`${table}.id`);
    if (does === "add table" || does === "add column") columns.add(`${table}.${column}`);
    if (does === "drop column") columns.delete(`${table}.${column}`);
    if (does === "drop table") for (const one of columns) if (one.startsWith(`${table}.`)) columns.delete(one);
  }
  return columns;
}
