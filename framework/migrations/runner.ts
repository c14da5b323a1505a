/**
 * Runs an app's migrations on a database. A file and its row in the ledger are one transaction, and the row goes first:
 * it is the lock between runners, which needs no session, so that a pooler may stand in between.
 */
import { setTimeout as pause } from "node:timers/promises";
import { migrationPath } from "../model/migration.ts";
import { UserError } from "../model/user-error.ts";
import { type DatabaseClient, inTransaction, sqlState } from "./database-client.ts";
import { failedMigration, lockedOut } from "./failure.ts";
import { compare, ensureLedger, readLedger, requireHistory } from "./ledger.ts";
import type { MigrationFile } from "./migration-file.ts";
import { runOutside } from "./no-transaction.ts";
import { readReaders, reasonsToWait, requireReadyReaders } from "./readers.ts";
import type { RunnerOptions } from "./run-options.ts";

/** What a run did. */
export interface RunResult {
  readonly applied: readonly MigrationFile[];
  /** The contract file that has to wait, with a sentence for each reader that it waits for. */
  readonly waiting?: { readonly file: MigrationFile; readonly reasons: readonly string[] };
}

/** Times that a file is tried when its tables are locked; the pauses are 1, 2, 4, 8, 15, 15 … seconds. */
const attempts = 10;

/**
 * Runs what is pending. May be repeated after any failure and then ends where one clean run does. Throws UserError
 * MIGRATION_EDITED, MIGRATION_MISSING, MIGRATION_LATE, MIGRATION_ORDER before any change; MIGRATION_FAILED,
 * MIGRATION_LOCKED, MIGRATION_CUT_OFF with everything before that file applied.
 */
export async function runMigrations(client: DatabaseClient, options: RunnerOptions): Promise<RunResult> {
  const { files, which } = options;
  requireHistory(compare(files, await readLedger(client)));
  const applied: MigrationFile[] = [];
  if (!files.length) return { applied };
  await ensureLedger(client);
  for (;;) {
    // Read again each time: another runner may have applied some.
    const state = compare(files, await readLedger(client));
    requireHistory(state);
    const waiting = await waitingFile(client, state.pending);
    requireOrder(state.pending, waiting);
    const [next] = state.pending;
    if (!next || next === waiting?.file || (which === "contract" && next.kind !== "contract"))
      return { applied, ...(waiting && { waiting }) };
    if (await runWithRetries(client, next, options)) applied.push(next);
  }
}

/** The first pending contract file for which a reader is not ready. */
async function waitingFile(client: DatabaseClient, pending: readonly MigrationFile[]): Promise<RunResult["waiting"]> {
  const readers = await readReaders(client);
  for (const file of pending) {
    if (file.kind !== "contract") continue;
    const reasons = reasonsToWait(file, readers);
    if (reasons.length) return { file, reasons };
  }
  return undefined;
}

/** Throws UserError MIGRATION_ORDER when an expand file comes after the contract file that waits. */
export function requireOrder(pending: readonly MigrationFile[], waiting: RunResult["waiting"]): void {
  if (!waiting) return;
  const behind = pending.slice(pending.indexOf(waiting.file) + 1).find(({ kind }) => kind === "expand");
  if (!behind) return;
  throw new UserError(
    "MIGRATION_ORDER",
    `${migrationPath(behind)} comes after ${migrationPath(waiting.file)}, which has to wait: ` +
      waiting.reasons.join("; "),
    `Deploy without ${migrationPath(behind)} and wait 20 minutes; or give the contract file a number after it.`,
  );
}

/** False when another runner applied it meanwhile. */
async function runWithRetries(client: DatabaseClient, file: MigrationFile, options: RunnerOptions): Promise<boolean> {
  const { onEvent, sleep = pause } = options;
  for (let attempt = 1; ; attempt += 1) {
    const started = performance.now();
    onEvent({ step: "run", file });
    try {
      const isOurs = await (file.noTransaction ? runOutside(client, file, options) : runInside(client, file, options));
      if (isOurs) onEvent({ step: "applied", file, milliseconds: Math.round(performance.now() - started) });
      return isOurs;
    } catch (error) {
      if (!isLocked(error)) throw failedMigration(error, file);
      if (attempt === attempts) throw lockedOut(error, file, attempts);
      const seconds = Math.min(2 ** (attempt - 1), 15);
      onEvent({ step: "retry", file, attempt, attempts, seconds });
      await sleep(seconds * 1000);
    }
  }
}

/** lock_not_available, deadlock_detected. */
const isLocked = (error: unknown): boolean => ["55P03", "40P01"].includes(sqlState(error) ?? "");

async function runInside(client: DatabaseClient, file: MigrationFile, { release }: RunnerOptions): Promise<boolean> {
  return inTransaction(client, async () => {
    // For the row another runner is waited for as long as its file takes; for a table of live queries one second.
    await client.query("set local lock_timeout = '15min'");
    const { rows } = await client.query(
      `insert into public.portico_migrations (name, kind, sha256, release, state) values ($1, $2, $3, $4, 'applied')
       on conflict (name) do nothing returning name`,
      [file.name, file.kind, file.sha256, release ?? null],
    );
    if (!rows.length) return false;
    if (file.kind === "contract") await requireReadyReaders(client, file);
    await client.query("set local lock_timeout = '1s'");
    await client.query(file.sql);
    return true;
  });
}
