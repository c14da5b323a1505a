/**
 * A release to AWS and Cloudflare on one database in a VPC, killed before or after each call to a cloud or to the
 * function that migrates, and run again: it ends as one clean run, and what is live always finds its columns.
 */
// @module-tag check
import { setTimeout } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { overFunction } from "../../../framework/migrations/called-database.ts";
import { createMigrateHandler } from "../../../framework/migrations/lambda-handler.ts";
import type { MigrateAnswer, MigrateCall } from "../../../framework/migrations/migrate-call.ts";
import { type MigratedDatabase, overConnection } from "../../../framework/migrations/migrated-database.ts";
import { UserError } from "../../../framework/model/user-error.ts";
import { startServer, type TestServer } from "../../migrations/server.ts";
import { createModelCloud, type ModelCloud, type ReleasedCode } from "./model-cloud.ts";
import { type Files, releaseToModels } from "./model-release.ts";
import { type Disturbance, steppedRun, type SteppedRun } from "./stepped-run.ts";

const users = { "0001_users": "create table users (id int, nick text)" };
const drop = { ...users, "0002_drop_nick.contract": "alter table users drop column nick" };
const name = { ...drop, "0003_name": "alter table users add column name text" };

/** What the code of each release asks; that of "one" is told not to use what the contract file takes away. */
const queries: Readonly<Record<string, string>> = {
  first: "insert into users (id, nick) values (1, 'x')",
  one: "insert into users (id) values (1)",
  two: "insert into users (id, name) values (1, 'x')",
};

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());
afterEach(() => server.close());

/** One app at one stage, with what was invoked and has not ended. */
interface Stage {
  readonly clouds: readonly ModelCloud<ReleasedCode>[];
  readonly client: Client;
  readonly url: string;
  /** Whether the function is there: it comes with the first upload to AWS. */
  hasFunction: boolean;
  readonly running: Promise<unknown>[];
}

let made = 0;
async function openStage(): Promise<Stage> {
  const database = `d${(made += 1)}`;
  const client = await server.database(database);
  const clouds = (["lambda", "workers"] as const).map((target) => createModelCloud(target, () => {}));
  return { clouds, client, url: server.url(database), hasFunction: false, running: [] };
}

const handler = createMigrateHandler(Client);
const invoke = async (call: MigrateCall): Promise<MigrateAnswer> =>
  JSON.parse(
    JSON.stringify(
      await handler(JSON.parse(JSON.stringify(call)) as MigrateCall, { getRemainingTimeInMillis: () => 900_000 }),
    ),
  ) as MigrateAnswer;

const missing = () => new UserError("MIGRATE_FUNCTION_MISSING", "there is none", "Deploy.");

/** Each call is a step of the run; what was started goes on without it. */
function databaseOf(stage: Stage, run: SteppedRun): MigratedDatabase {
  let isWaiting = false;
  return overFunction(
    {
      ask(call) {
        // A run is looked at now and then: no step, so that each run has the same ones.
        if (call.ask === "progress") return invoke(call);
        return run.step(call.ask, () => (stage.hasFunction ? invoke(call) : Promise.reject<MigrateAnswer>(missing())));
      },
      start: (call) => run.step("start", async () => void stage.running.push(invoke(call))),
    },
    {
      name: "DB",
      url: stage.url,
      who: "history at prod",
      onWait: () => {
        isWaiting = true;
      },
      async sleep() {
        // One that was begun and never started has the database for a minute.
        if (isWaiting)
          await stage.client.query("update portico_runs set seen = seen - interval '61 seconds' where not started");
        isWaiting = false;
        await setTimeout(5);
      },
    },
  );
}

async function expectServed({ clouds, client }: Stage, where: string): Promise<void> {
  for (const { hash } of clouds.flatMap((cloud) => cloud.traffic()))
    await client.query(queries[hash]!).catch((error: Error) => {
      throw new Error(`${where}: ${hash} is live: ${error.message}`, { cause: error });
    });
}

/** Ends as the release does, or `died`. */
async function deploy(stage: Stage, code: string, files: Files, disturbance?: Disturbance) {
  const run = steppedRun(disturbance, async (step) => {
    if (step === "upload") stage.hasFunction = true;
    if (step === "promote" || step === "withdraw" || step === "settle")
      await expectServed(stage, `${code} after ${step}`);
  });
  const released = releaseToModels({
    clouds: stage.clouds,
    database: databaseOf(stage, run),
    files,
    code,
    run,
    bringsFunction: () => !stage.hasFunction,
  });
  released.catch(() => undefined);
  const end = await Promise.race([released.then(({ changed }) => changed.some(Boolean)), run.died.then(() => "died")]);
  // Before the deployer is back, or while it is.
  if (end !== "died" || run.steps.length % 2 === 0) await Promise.all(stage.running.splice(0));
  if (end === "died") await expectServed(stage, `${code}, killed`);
  return { end, steps: run.steps };
}

const later = ({ client }: Stage): Promise<unknown> =>
  client.query(
    `update portico_readers set listed_since = (select coalesce(jsonb_object_agg(key,
       to_jsonb((value #>> '{}')::timestamptz - interval '21 minutes')), '{}') from jsonb_each(listed_since))`,
  );

/** What the database and the clouds hold, without times. */
async function contentOf({ client, clouds }: Stage): Promise<unknown> {
  const ask = async (text: string): Promise<unknown> => (await client.query(text)).rows;
  return {
    ledger: await ask("select name, kind, sha256, release, state from portico_migrations order by name"),
    readers: await ask("select target, release, admitted, files from portico_readers order by target"),
    releases: await ask("select target, release, files from portico_releases order by target, release"),
    runs: await ask("select 1 from portico_runs where answer is null and started"),
    columns: await ask(
      "select attname from pg_attribute where attrelid = 'users'::regclass and attnum > 0 order by attnum",
    ),
    live: clouds.map((cloud) => [cloud.live(), cloud.traffic().map(({ hash }) => hash)]),
  };
}

const asking: ReadonlySet<string> = new Set(["observe", "look", "verify", "smoke", "confirm"]);

interface Case {
  readonly what: string;
  readonly code: string;
  readonly files: Files;
  /** Releases before it. */
  readonly before: readonly (readonly [code: string, files: Files])[];
}

test.each<Case>([
  { what: "the first release, which brings the function", code: "first", files: users, before: [] },
  {
    what: "a release with a contract and an expand file",
    code: "two",
    files: name,
    before: [
      ["one", users],
      ["one", drop],
    ],
  },
])("$what", async ({ code, files, before }) => {
  const prepare = async (): Promise<Stage> => {
    const stage = await openStage();
    for (const [earlier, list] of before)
      await releaseToModels({ ...stage, database: overConnection(stage.client), code: earlier, files: list });
    stage.hasFunction = before.length > 0;
    if (stage.hasFunction) await later(stage);
    return stage;
  };
  const clean = await prepare();
  const { end, steps } = await deploy(clean, code, files);
  expect(end).toBe(true);
  const content = await contentOf(clean);
  const seed = Number(process.env["PORTICO_SEED"]);
  const failures: string[] = [];
  // After a call that only asks all is as it is before it. Every other one, as the seed says.
  const kills = steps.flatMap((step, at) => (asking.has(step) ? [] : [at + 1])).filter((_, at) => at % 2 === seed % 2);
  for (const at of kills) {
    const what = (at + (seed >> 1)) % 2 === 0 ? ("kill before" as const) : ("kill after" as const);
    const where = `${what} ${at}, ${steps[at - 1]}`;
    const stage = await prepare();
    try {
      expect((await deploy(stage, code, files, { at, what })).end).toBe("died");
      await deploy(stage, code, files);
      expect(await contentOf(stage)).toEqual(content);
      expect((await deploy(stage, code, files)).end).toBe(false);
    } catch (error) {
      failures.push(`${where}: ${(error as Error).message}`);
    } finally {
      await Promise.all(stage.running.splice(0));
      await server.close();
    }
  }
  expect(failures).toEqual([]);
});
