/**
 * Runs an app's migrations on a database. A file and its row in the ledger are one transaction, and the row goes first:
 * it is the lock between runners, which needs no session, so that a pooler may stand in between.
 */
import { setTimeout as pause } from "node:timers/promises";
import { UserError } from "../model/user-error.ts";
import { type DatabaseClient, sqlState } from "./database-client.ts";
import { failedMigration, lockedOut } from "./failure.ts";
import { type Comparison, compare, ensureLedger, type LedgerRow, readLedger, requireHistory } from "./ledger.ts";
import type { MigrationFile } from "./migration-file.ts";
import { fixFor, ownerOf } from "./migration-owner.ts";
import { runOutside } from "./no-transaction.ts";
import { type Reader, readReaders, reasonsToWait, requireReadyReaders } from "./readers.ts";
import type { RunnerOptions } from "./run-options.ts";

/** A contract file that has to wait, with a sentence for each reader that it waits for. */
export interface Waiting {
  readonly file: MigrationFile;
  readonly reasons: readonly string[];
}

/** What a run did. */
export interface RunResult {
  readonly applied: readonly MigrationFile[];
  /** The first that has to wait; what comes after it waits, too. */
  readonly waiting?: Waiting;
}

/** What a run would do. */
export interface PlannedMigrations {
  readonly applied: readonly LedgerRow[];
  /** In their order. */
  readonly runs: readonly MigrationFile[];
  /** In their order; contract files alone. */
  readonly waiting: readonly Waiting[];
}

/**
 * Pure. Throws UserError MIGRATION_EDITED, MIGRATION_MISSING, MIGRATION_LATE, and MIGRATION_ORDER when an expand file
 * comes after a contract file that has to wait.
 * @param onMistake gets that error in place of the caller, for each owner that has one; the files of others run
 */
export function planMigrations(
  state: Comparison,
  readers: readonly Reader[],
  onMistake?: RunnerOptions["onMistake"],
): PlannedMigrations {
  const owners = new Set([...state.pending, ...state.edited, ...state.missing].map(({ name }) => ownerOf(name)));
  const planned = [...owners].flatMap((owner) => {
    try {
      return [planOwner(ofOwner(state, owner), readers)];
    } catch (error) {
      if (!onMistake || !(error instanceof UserError)) throw error;
      onMistake(error);
      return [];
    }
  });
  return {
    applied: state.applied,
    runs: planned.flatMap(({ runs }) => runs),
    waiting: planned.flatMap(({ waiting }) => waiting),
  };
}

function ofOwner(state: Comparison, owner: string): Comparison {
  const own = <T extends { readonly name: string }>(list: readonly T[]): readonly T[] =>
    list.filter(({ name }) => ownerOf(name) === owner);
  const { applied, pending, edited, missing, left, late } = state;
  return {
    applied: own(applied),
    pending: own(pending),
    edited: own(edited),
    missing: own(missing),
    left: own(left),
    late: own(late),
  };
}

/** What waits holds up the later files of its owner alone: those of others know nothing of it. */
function planOwner(state: Comparison, readers: readonly Reader[]): Pick<PlannedMigrations, "runs" | "waiting"> {
  requireHistory(state);
  const { pending } = state;
  const first = pending.findIndex((file) => file.kind === "contract" && reasonsToWait(file, readers).length > 0);
  if (first === -1) return { runs: pending, waiting: [] };
  const waiting = pending.slice(first).map((file) => ({ file, reasons: reasonsToWait(file, readers) }));
  requireOrder(waiting);
  return { runs: pending.slice(0, first), waiting };
}

function requireOrder([first, ...others]: readonly Waiting[]): void {
  const behind = others.find(({ file }) => file.kind === "expand");
  if (!first || !behind) return;
  const [before, after] = [first.file.file, behind.file.file];
  throw new UserError(
    "MIGRATION_ORDER",
    `${after} comes after ${before}, which has to wait: ${first.reasons.join("; ")}`,
    fixFor(
      first.file,
      `Deploy without ${after} and wait 20 minutes; or give the contract file a number after it.`,
      (extension) =>
        `Install a version of ${extension} that ends with ${slugOf(first.file.name)}, deploy it, and deploy this one ` +
        "20 minutes later.",
    ),
    { at: [{ file: before }, { file: after }] },
  );
}

const slugOf = (name: string): string => name.slice(ownerOf(name).length);

/** Times that a file is tried when its tables are locked; the pauses are 1, 2, 4, 8, 15, 15 … seconds. */
const attempts = 10;

/**
 * Runs what is pending. May be repeated after any failure and then ends where one clean run does. Throws UserError
 * MIGRATION_EDITED, MIGRATION_MISSING, MIGRATION_LATE, MIGRATION_ORDER before any change; MIGRATION_FAILED,
 * MIGRATION_LOCKED, MIGRATION_CUT_OFF with everything before that file applied.
 */
export async function runMigrations(client: DatabaseClient, options: RunnerOptions): Promise<RunResult> {
  const { files, which, planned } = options;
  const mayRun = ({ name, kind }: MigrationFile): boolean =>
    (which === "all" || kind === "contract") && (planned?.includes(name) ?? true);
  const applied: MigrationFile[] = [];
  let { onMistake } = options;
  for (;;) {
    const state = compare(files, await readLedger(client));
    const { runs, waiting } = planMigrations(state, await readReaders(client), onMistake);
    // Told once.
    onMistake &&= () => {};
    const end = runs.findIndex((file) => !mayRun(file));
    const next = end === -1 ? runs : runs.slice(0, end);
    if (!next.length) return { applied, ...(waiting[0] && { waiting: waiting[0] }) };
    await ensureLedger(client);
    for (const file of next) {
      if (await runWithRetries(client, file, options)) applied.push(file);
      // Another runner has been here: planned again.
      else break;
    }
  }
}

/** False when another runner applied it meanwhile, or one of the same owner that comes after it. */
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

/** In text that Postgres reads with standard_conforming_strings, its default. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * Begins a transaction with the row, which another runner's is waited for as long as its file takes; the file's tables,
 * which live queries use, for one second. No row where the file is applied, or a later one of its owner.
 */
const beginning = ({ name, kind, sha256 }: MigrationFile, release: number | undefined): string => `begin;
set local lock_timeout = '15min';
insert into public.portico_migrations (name, kind, sha256, release, state)
  select ${[name, kind, sha256].map(quoted).join()}, ${release ?? "null"}, 'applied'
  where not exists (select from public.portico_migrations where state = 'applied'
    and name > ${quoted(name)} collate "C" and regexp_replace(name, '[^/]*$', '') = ${quoted(ownerOf(name))})
  on conflict (name) do nothing
  returning case when kind = 'expand' then set_config('lock_timeout', '1s', true) end`;

/** Two ways to the server for an expand file, which may be far away. */
async function runInside(client: DatabaseClient, file: MigrationFile, { release }: RunnerOptions): Promise<boolean> {
  try {
    const results = (await client.query(beginning(file, release))) as unknown as readonly {
      readonly rows: readonly unknown[];
    }[];
    if (!results.at(-1)?.rows.length) {
      await client.query("rollback");
      return false;
    }
    if (file.kind === "contract") {
      await requireReadyReaders(client, file);
      await client.query("set local lock_timeout = '1s'");
    }
    await client.query(`${file.sql}\n;commit`);
    return true;
  } catch (error) {
    // Of a connection that is gone, nothing is left to undo.
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}
