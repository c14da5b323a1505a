/**
 * Random histories of releases and migrations on both clouds: the queries of live releases never fail because of the
 * schema, each file runs once, and in the end everything has run.
 */
// @module-tag check
import fc from "fast-check";
import type { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkMigrations } from "../../../framework/migrations/classifier.ts";
import { readLedger } from "../../../framework/migrations/ledger.ts";
import { readReaders } from "../../../framework/migrations/readers.ts";
import { startServer, type TestServer } from "../../migrations/server.ts";
import { changes, nameOf, toFiles } from "./app-tree.ts";
import { type Command, type Connections, createHistory, type Event, type History } from "./history.ts";

const runs = Number(process.env["PORTICO_HISTORIES"] ?? 200);

let server: TestServer;
let watcher: Client;
let prober: Client;
beforeAll(async () => {
  server = await startServer();
  watcher = await server.database("history");
  prober = await server.connect("history");
  // What a live query waits for a migration is bounded: one that waits longer fails, and so does its history.
  await prober.query("set lock_timeout = '5s'");
});
afterAll(() => server.stop());

const spare: Client[] = [];
const connections = (): Connections => ({
  watcher,
  prober,
  connect: async () => spare.pop() ?? server.connect("history"),
  keep: async (client) => void spare.push(client),
  async cut(client) {
    const { processID } = client as unknown as { readonly processID: number };
    await watcher.query("select pg_terminate_backend($1)", [processID]);
    const isThere = async (): Promise<boolean> =>
      (await watcher.query("select 1 from pg_stat_activity where pid = $1", [processID])).rows.length > 0;
    while (await isThere()) await new Promise(setImmediate);
  },
});

/** One of many, `usual` in so many of ten cases. */
const mostly = <T, U>(usual: T, times: number, other: fc.Arbitrary<U>): fc.Arbitrary<T | U> =>
  fc.oneof({ weight: times, arbitrary: fc.constant(usual) }, { weight: 10 - times, arbitrary: other });

const smoke = mostly(200, 8, fc.constant(500));
const target = fc.constantFrom("lambda" as const, "workers" as const);
const deploy = fc.record({
  does: fc.constant("deploy" as const),
  to: mostly("both" as const, 7, target),
  canary: mostly(undefined, 7, fc.constant(10)),
  smoke,
  back: mostly(0, 8, fc.nat(3)),
  thinks: mostly(0, 8, fc.constantFrom(5, 21)),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  deploy,
  fc.record({
    does: fc.constantFrom("rollback" as const, "rollback" as const, "promote" as const),
    on: target,
    number: mostly(undefined, 6, fc.integer({ min: 1, max: 4 })),
    smoke,
  }),
  fc.record({ does: fc.constantFrom("up" as const, "finish" as const) }),
);
/** Deploys have some hundred steps, other commands a few. */
const step = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 150 }));
const disturbance = fc.record({ at: step, what: fc.constantFrom("kill before" as const, "kill after" as const) });
const rarely = mostly(undefined, 6, disturbance);
/** Every other one takes something away, and one of twenty has a statement that fails. */
const change = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...changes.filter((one) => !/broken|drop|re/.test(one))) },
  { weight: 10, arbitrary: fc.constantFrom(...changes.filter((one) => /drop|re/.test(one))) },
  { weight: 1, arbitrary: fc.constantFrom("broken" as const, "broken index" as const) },
);
const commits = fc.array(fc.record({ change, pick: fc.nat(8) }), { minLength: 1, maxLength: 2 });
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant("ship" as const), commits, command: deploy, disturbance: rarely }),
  },
  { weight: 6, arbitrary: fc.record({ does: fc.constant("run" as const), command, disturbance: rarely }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("wait" as const), minutes: fc.constantFrom(10, 19, 21, 21) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant("meet" as const),
      commits,
      first: command,
      at: step,
      isOverdue: fc.boolean(),
      second: command,
    }),
  },
);

const quiet: Command = { does: "deploy", to: "both", smoke: 200, back: 0, thinks: 0 };

/** Deploys until nothing is left to do, as people do who read what they are told. */
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

async function expectDone(history: History): Promise<void> {
  await settle(history);
  await history.perform({ does: "wait", minutes: 21 });
  const files = toFiles(history.tree());
  await checkMigrations(files);
  await history.run({ does: "finish" });
  await settle(history);
  expect(history.failures).toEqual([]);
  expect(history.prober.failures).toEqual([]);
  const ledger = await readLedger(watcher);
  const own = ledger.filter(({ name }) => files.some((file) => file.name === name));
  expect(own.map(({ name, sha256, state }) => ({ name, sha256, state }))).toEqual(
    files.map(({ name, sha256 }) => ({ name, sha256, state: "applied" })),
  );
  const listed = Object.fromEntries(
    files.filter(({ kind }) => kind === "contract").map(({ name, sha256 }) => [name, sha256]),
  );
  expect((await readReaders(watcher)).map(({ target: name, release, files: list }) => [name, release, list])).toEqual(
    history.clouds.map((cloud) => [cloud.target, cloud.live(), listed]),
  );
  await expectTables(history);
}

/** The columns are those that the app's files make; those of files that it lost are there, too. */
async function expectTables(history: History): Promise<void> {
  const columns = new Set<string>();
  for (const file of history.tree().files) {
    const { does, table, column } = file.effect;
    if (does === "add table") columns.add(`${table}.id`);
    if (does === "add table" || does === "add column") columns.add(`${table}.${column}`);
    if (does === "drop column") columns.delete(`${table}.${column}`);
    if (does === "drop table") for (const one of columns) if (one.startsWith(`${table}.`)) columns.delete(one);
    expect(nameOf(file)).toBeTruthy();
  }
  const { rows } = await watcher.query(
    `select table_name || '.' || column_name as name from information_schema.columns
     where table_schema = 'public' and table_name not like 'portico%'`,
  );
  expect(new Set(rows.map(({ name }) => name as string))).toEqual(columns);
}

test(`${runs} histories`, async () => {
  let [asked, waited, commands] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(
      mostly(true, 9, fc.constant(false)),
      fc.array(event, { minLength: 6, maxLength: 18, size: "max" }),
      async (isReleased, events) => {
        await watcher.query("drop schema public cascade; create schema public");
        const history = createHistory(connections());
        try {
          if (isReleased) await history.run(quiet);
          for (const one of events) await history.perform(one);
          await expectDone(history);
        } catch (error) {
          throw new Error(`${(error as Error).message}\n${history.log.join("\n")}`, { cause: error });
        } finally {
          asked += history.prober.counts.asked;
          waited += history.prober.counts.waited;
          commands += history.log.length;
        }
      },
    ),
    { numRuns: runs, endOnFailure: false },
  );
  expect(asked).toBeGreaterThan(runs);
  process.stdout.write(`${commands} commands, ${asked} queries, of which ${waited} waited for a lock\n`);
});
