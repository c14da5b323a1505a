/** Runs the files whose one statement cannot be in a transaction: CREATE and DROP INDEX CONCURRENTLY. */
import { setTimeout as pause } from "node:timers/promises";
import { type DatabaseClient, inTransaction, isCutOff } from "./database-client.ts";
import type { MigrationFile } from "./migration-file.ts";
import { requireReadyReaders } from "./readers.ts";
import type { RunnerOptions } from "./run-options.ts";

/** One runner at a time; of a session, so that no transaction pooler may stand in between. */
const runningLock = 7_203_190_462;

/**
 * The row says `running` until the statement has ended: a run that finds it drops the invalid index that a dead one
 * left, and runs the statement again. False when another runner applied the file.
 */
export async function runOutside(
  client: DatabaseClient,
  file: MigrationFile,
  options: RunnerOptions,
): Promise<boolean> {
  await takeLock(client, file, options);
  try {
    const begun = await begin(client, file, options);
    if (!begun) return false;
    await client.query("set lock_timeout = '5min'");
    if (!(await isThere(client, file, begun)))
      await client.query(file.sql).catch((error: unknown) => abandon(client, file, error));
    await client.query("update public.portico_migrations set state = 'applied', applied_at = now() where name = $1", [
      file.name,
    ]);
    return true;
  } finally {
    await client.query("reset lock_timeout").catch(() => undefined);
    await client.query("select pg_advisory_unlock($1)", [runningLock]).catch(() => undefined);
  }
}

/** Asked for again and again: a session that waits for it in the server would be waited for by CONCURRENTLY itself. */
async function takeLock(
  client: DatabaseClient,
  file: MigrationFile,
  { onEvent, sleep = pause }: RunnerOptions,
): Promise<void> {
  for (let asked = 0; ; asked += 1) {
    const { rows } = await client.query("select pg_try_advisory_lock($1) as taken", [runningLock]);
    if (rows[0]?.["taken"] === true) return;
    if (asked === 0) onEvent({ step: "busy", file });
    await sleep(Math.min(50 * 2 ** asked, 2000));
  }
}

/** Whether a run before this one died in the file. */
interface Begun {
  readonly again: boolean;
}

/** Writes the row; for a contract file with the readers locked, as a rollback has them. Nothing when it is applied. */
function begin(client: DatabaseClient, file: MigrationFile, { release }: RunnerOptions): Promise<Begun | undefined> {
  return inTransaction(client, async () => {
    const { rows } = await client.query(
      `insert into public.portico_migrations as old (name, kind, sha256, release, state)
       values ($1, $2, $3, $4, 'running')
       on conflict (name) do update set sha256 = excluded.sha256, kind = excluded.kind, release = excluded.release
         where old.state = 'running'
       returning xmax <> 0 as again`,
      [file.name, file.kind, file.sha256, release ?? null],
    );
    if (!rows[0]) return undefined;
    if (file.kind === "contract") await requireReadyReaders(client, file);
    return { again: rows[0]["again"] === true };
  });
}

/** True where a dead run had its effect and did not write it down; an invalid index is dropped. */
async function isThere(client: DatabaseClient, { index, sql }: MigrationFile, { again }: Begun): Promise<boolean> {
  const name = index ?? droppedIndex(sql);
  if (name === undefined) return false;
  const isValid = await validityOf(client, name);
  if (index === undefined) return again && isValid === undefined;
  if (isValid === false) await client.query(`drop index concurrently ${index}`);
  return again && isValid === true;
}

/** Undefined where there is no index of the name. */
async function validityOf(client: DatabaseClient, index: string): Promise<boolean | undefined> {
  const { rows } = await client.query(
    "select indisvalid as valid from pg_catalog.pg_index where indexrelid = to_regclass($1)",
    [index],
  );
  return rows[0]?.["valid"] as boolean | undefined;
}

function droppedIndex(sql: string): string | undefined {
  return /^\s*drop\s+index\s+concurrently\s+(?:if\s+exists\s+)?([^\s;,]+)\s*(?:cascade|restrict)?\s*;?\s*$/im.exec(
    sql,
  )?.[1];
}

/** Nothing is left but what was there before: the file may be edited. After a cut connection nobody knows. */
async function abandon(client: DatabaseClient, file: MigrationFile, error: unknown): Promise<never> {
  // Where it cannot be cleared away, the next run does so: what is told is why the statement failed.
  if (!isCutOff(error)) await clearAway(client, file).catch(() => undefined);
  throw error;
}

async function clearAway(client: DatabaseClient, { name, index }: MigrationFile): Promise<void> {
  // A valid one of that name is somebody else's: it is why the statement failed.
  if (index !== undefined && (await validityOf(client, index)) === false)
    await client.query(`drop index concurrently ${index}`).catch(() => undefined);
  await client.query("delete from public.portico_migrations where name = $1 and state = 'running'", [name]);
}
