/**
 * Runs that a function makes while nobody is connected to it: a row of the database for each, which is the lease, the
 * progress and the result.
 */
import { type DatabaseClient, inTransaction } from "./database-client.ts";
import type { BegunRun, MigrateAnswer, RunOrder, RunProgress, SentEvent, SentResult } from "./migrate-call.ts";

/** One run begins at a time. */
const beginningLock = 7_203_190_463;

// Times are the database's: a deployer, a function and another deployer have clocks of their own.
const table = `
create table if not exists public.portico_runs (
  id text primary key,
  who text not null,
  run_order jsonb,
  started boolean not null default false,
  seen timestamptz not null default clock_timestamp(),
  events jsonb not null default '[]',
  answer jsonb
)`;

/** A run writes at least every ten seconds that it is there; after a minute it counts as ended. */
const isAlive = "answer is null and seen > clock_timestamp() - interval '60 seconds'";

/** The lease of a run that somebody is about to start. Repeated with the same id, it is the same run. */
export function beginRun(client: DatabaseClient, id: string, who: string, order: RunOrder): Promise<BegunRun> {
  return inTransaction(client, async () => {
    await client.query("select pg_advisory_xact_lock($1)", [beginningLock]);
    await client.query(table);
    await client.query("delete from public.portico_runs where seen < clock_timestamp() - interval '7 days'");
    const { rows } = await client.query(`select who from public.portico_runs where id <> $1 and ${isAlive}`, [id]);
    if (rows[0]) return { busy: rows[0]["who"] as string };
    await client.query(
      "insert into public.portico_runs (id, who, run_order) values ($1, $2, $3) on conflict (id) do nothing",
      [id, who, JSON.stringify(order)],
    );
    return {};
  });
}

/** Undefined where it was started before, or too late: Lambda gives an event twice, and keeps it for hours. */
export async function startRun(client: DatabaseClient, id: string): Promise<RunOrder | undefined> {
  const { rows } = await client.query(
    `update public.portico_runs set started = true, seen = clock_timestamp()
     where id = $1 and not started and ${isAlive} returning run_order`,
    [id],
  );
  return rows[0]?.["run_order"] as RunOrder | undefined;
}

/** Says that the run is there, and what it did since. */
export const reportRun = (client: DatabaseClient, id: string, events: readonly SentEvent[]): Promise<unknown> =>
  client.query("update public.portico_runs set events = events || $2::jsonb, seen = clock_timestamp() where id = $1", [
    id,
    JSON.stringify(events),
  ]);

/** Gives the lease back. */
export const endRun = (client: DatabaseClient, id: string, answer: MigrateAnswer<SentResult>): Promise<unknown> =>
  client.query("update public.portico_runs set answer = $2, run_order = null, seen = clock_timestamp() where id = $1", [
    id,
    JSON.stringify(answer),
  ]);

/** @param after how many of its events were read before */
export async function readRun(client: DatabaseClient, id: string, after: number): Promise<RunProgress> {
  const { rows } = await client.query(
    `select events, answer, ${isAlive} as alive from public.portico_runs where id = $1`,
    [id],
  );
  const { events = [], answer = null, alive } = rows[0] ?? {};
  return {
    events: (events as readonly SentEvent[]).slice(after),
    ...(answer !== null && { answer: answer as MigrateAnswer<SentResult> }),
    isLost: answer === null && alive !== true,
  };
}
