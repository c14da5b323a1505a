/** The connections of `portico/postgres` on Lambda and Workers: how many there are, and when they end. */
// @module-tag isolated
import pg from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database as onLambda } from "../../../framework/features/postgres/lambda.ts";
import { database as onWorkers } from "../../../framework/features/postgres/workers.ts";
import { type TestDatabase, testDatabase } from "../../../framework/testing/test-database.ts";
import { root } from "../../architecture/sources.ts";

let given: TestDatabase;
let observer: pg.Client;

beforeEach(async () => {
  given = await testDatabase({ root });
  observer = new pg.Client(given.url);
  observer.on("error", () => {});
  await observer.connect();
});
afterEach(async () => {
  vi.useRealTimers();
  await observer.end();
  await given.close();
});

/** A call, with what it was given to wait for. */
function call() {
  const waited: Promise<unknown>[] = [];
  const env = { DB: { connectionString: given.url } };
  return { env, platform: {}, waited, waitUntil: (promise: Promise<unknown>) => void waited.push(promise) };
}

const pidOf = async (pool: pg.Pool): Promise<number> =>
  (await pool.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]!.pid;

/** Connections of functions. */
async function count(): Promise<number> {
  const others = "datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
  const { rows } = await observer.query<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity where ${others}`,
  );
  return rows[0]!.n;
}

test("an environment of Lambda has one, which is replaced after 30 s of idleness by the wall clock", async () => {
  const pool = onLambda(call(), "DB");
  expect(onLambda(call(), "DB")).toBe(pool);
  const pids = await Promise.all(Array.from({ length: 5 }, () => pidOf(pool)));
  expect(new Set(pids).size).toBe(1);
  expect((await pool.query("show idle_session_timeout")).rows).toEqual([{ idle_session_timeout: "1min" }]);
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + 29_000);
  expect(await pidOf(pool)).toBe(pids[0]);
  vi.setSystemTime(Date.now() + 31_000);
  expect(await pidOf(pool)).not.toBe(pids[0]);
  await expect.poll(count).toBe(1);
});

test("a write on a connection that was closed while the environment was frozen goes to a new one", async () => {
  const pool = onLambda(call(), "DB");
  await pool.query("create table frozen (n int)");
  const pid = await pidOf(pool);
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + 10_000);
  // With a time to wait it answers when the connection has ended, not when it was told to.
  await observer.query("select pg_terminate_backend($1, 60000)", [pid]);
  await pool.query("insert into frozen values (1)");
  expect((await observer.query("select n from frozen")).rows).toEqual([{ n: 1 }]);
});

test("a read whose second connection is cut, too, says so with a code, as a write does at once", async () => {
  const pool = onLambda(call(), "DB");
  await pool.query("create table held (n int)");
  const holder = new pg.Client(given.url);
  await holder.connect();
  await holder.query("begin; lock table held");
  const cutWaiting = async (): Promise<void> => {
    const waiting = "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    await expect.poll(async () => (await observer.query(waiting)).rows.length).toBe(1);
    await observer.query(`select pg_terminate_backend(pid, 60000) from (${waiting}) as one`);
  };
  for (const [statement, times] of [
    ["select n from held", 2],
    ["insert into held values (1)", 1],
  ] as const) {
    const ended = pool.query(statement).catch((error: unknown) => error);
    for (let time = 0; time < times; time += 1) await cutWaiting();
    expect(await ended).toMatchObject({ code: "DATABASE_LOST" });
  }
  await holder.end();
  expect((await pool.query("select n from held")).rows).toEqual([]);
});

test("each request on Workers has one, which ends before the request does", async () => {
  const [first, second] = [call(), call()];
  const pids = await Promise.all([first, second, { ...first }].map((one) => pidOf(onWorkers(one, "DB"))));
  expect(pids[0]).toBe(pids[2]);
  expect(pids[0]).not.toBe(pids[1]);
  await Promise.all([...first.waited, ...second.waited]);
  await expect.poll(count).toBe(0);
  expect(await pidOf(onWorkers(first, "DB"))).not.toBe(pids[0]);
  await Promise.all(first.waited);
});
