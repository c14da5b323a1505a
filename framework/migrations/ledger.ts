/** The ledger: which migrations a database has, in a table of it, and how that differs from an app's files. */
import type { BuiltMigration, MigrationKind } from "../model/migration.ts";
import { UserError } from "../model/user-error.ts";
import { type DatabaseClient, inTransaction, type Row } from "./database-client.ts";
import type { MigrationFile } from "./migration-file.ts";
import { fixFor, ownerOf } from "./migration-owner.ts";

/** A file that ran, or that runs outside of a transaction. */
export interface LedgerRow {
  readonly name: string;
  readonly kind: MigrationKind;
  readonly sha256: string;
  /** The release that ran it; absent where none did, as by dev and `portico migrate up`. */
  readonly release?: number;
  readonly state: "applied" | "running";
  /** ISO 8601. */
  readonly appliedAt: string;
}

/** Under it the tables are made: two that make them at once fail otherwise, IF NOT EXISTS or not. */
const creationLock = 7_203_190_461;

// The schema is always named: a file may leave search_path changed.
const tables = `
create table if not exists public.portico_migrations (
  name text primary key,
  kind text not null,
  sha256 text not null,
  release integer,
  state text not null,
  applied_at timestamptz not null default now()
);
create table if not exists public.portico_readers (
  app text not null,
  stage text not null,
  target text not null,
  release integer not null,
  files jsonb not null,
  listed_since jsonb not null,
  seen timestamptz not null default now(),
  primary key (app, stage, target)
);
alter table public.portico_readers add column if not exists admitted integer;
create table if not exists public.portico_releases (
  app text not null,
  stage text not null,
  target text not null,
  release integer not null,
  files jsonb not null,
  primary key (app, stage, target, release)
);`;

/** True where the tables are. */
export async function hasLedger(client: DatabaseClient): Promise<boolean> {
  const { rows } = await client.query("select to_regclass('public.portico_releases') is not null as found");
  return rows[0]?.["found"] === true;
}

/** Makes the tables where they are missing, and what an earlier version of them lacks. */
export async function ensureLedger(client: DatabaseClient): Promise<void> {
  const { rows } = await client.query(
    `select to_regclass('public.portico_releases') is not null and exists (select from pg_catalog.pg_attribute
       where attrelid = to_regclass('public.portico_readers') and attname = 'admitted') as found`,
  );
  if (rows[0]?.["found"] === true) return;
  await inTransaction(client, async () => {
    await client.query("select pg_advisory_xact_lock($1)", [creationLock]);
    await client.query(tables);
  });
}

/** All rows in the order of their names; none without the table. */
export async function readLedger(client: DatabaseClient): Promise<readonly LedgerRow[]> {
  if (!(await hasLedger(client))) return [];
  const { rows } = await client.query(
    'select name, kind, sha256, release, state, applied_at from public.portico_migrations order by name collate "C"',
  );
  return rows.map(toRow);
}

const toRow = ({ name, kind, sha256, release, state, applied_at }: Row): LedgerRow => ({
  name: name as string,
  kind: kind as MigrationKind,
  sha256: sha256 as string,
  ...(release !== null && { release: release as number }),
  state: state as LedgerRow["state"],
  appliedAt: new Date(applied_at as string | Date).toISOString(),
});

/** The files of an app beside the rows of a database. */
export interface Comparison {
  readonly applied: readonly LedgerRow[];
  /** In the order in which they run. */
  readonly pending: readonly MigrationFile[];
  /** Applied, and another text now, or another kind. */
  readonly edited: readonly MigrationFile[];
  /** Applied or running, and no file of the app or of an extension that it has. */
  readonly missing: readonly LedgerRow[];
  /** Of extensions that the app does not have (any more): their tables are left as they are. */
  readonly left: readonly LedgerRow[];
  /** Pending, and before one of the same owner that is applied. */
  readonly late: readonly MigrationFile[];
}

/** Pure. */
export function compare(files: readonly MigrationFile[], ledger: readonly LedgerRow[]): Comparison {
  const applied = ledger.filter(({ state }) => state === "applied");
  const rows = new Map(applied.map((row) => [row.name, row]));
  const names = new Set(files.map(({ name }) => name));
  const pending = files.filter(({ name }) => !rows.has(name));
  const last = new Map(applied.map(({ name }) => [ownerOf(name), name]));
  const owners = new Set(["", ...files.map(({ name }) => ownerOf(name))]);
  const unknown = ledger.filter(({ name }) => !names.has(name));
  return {
    applied,
    pending,
    edited: files.filter((file) => rows.has(file.name) && !isSame(file, rows.get(file.name)!)),
    missing: unknown.filter(({ name }) => owners.has(ownerOf(name))),
    left: unknown.filter(({ name }) => !owners.has(ownerOf(name))),
    late: pending.filter(({ name }) => name < (last.get(ownerOf(name)) ?? "")),
  };
}

/** For a warning about an applied file that was deleted, or that an older tree does not have yet. */
export const missingText = ({ name }: Pick<LedgerRow, "name">): string =>
  `the database has the migration ${name}, and this app has no such file: a new database would lack it`;

const isSame = (file: BuiltMigration, row: LedgerRow): boolean => file.sha256 === row.sha256 && file.kind === row.kind;

/**
 * An older tree may lack files that the live release survives: a hotfix. Throws UserError MIGRATION_EDITED,
 * MIGRATION_MISSING, MIGRATION_LATE.
 */
export function requireHistory({ applied, edited, missing, late }: Comparison): void {
  const [changed] = edited;
  if (changed)
    throw new UserError(
      "MIGRATION_EDITED",
      `${changed.file} was applied, and is another text now`,
      fixFor(
        changed,
        "Put its text back as it was (see git log), and write what is to change into a new file: portico " +
          "migrate new NAME makes one of the app's.",
        (extension) =>
          `Install the version of ${extension} that was applied, and tell its author: a published file stays.`,
      ),
      { at: edited.map(({ file }) => ({ file })) },
    );
  const gone = missing.find(({ kind }) => kind === "contract");
  if (gone)
    throw new UserError(
      "MIGRATION_MISSING",
      `the database has the migration ${gone.name}, which took something away, and this app does not have that file`,
      fixFor(
        { name: gone.name },
        "Take a tree that has it: git pull, or git log to find the commit that deleted it. On this machine portico " +
          "migrate reset begins anew.",
        (extension) => `Install a version of ${extension} that has it: npm install ${extension}@latest`,
      ),
    );
  const [behind] = late;
  if (!behind) return;
  const last = applied.findLast(({ name }) => ownerOf(name) === ownerOf(behind.name));
  throw new UserError(
    "MIGRATION_LATE",
    `${behind.file} comes before ${last?.name}, which is applied already`,
    fixFor(
      behind,
      "Give it the next number: a file runs after all that were applied before it.",
      (extension) => `Install another version of ${extension}, and tell its author: a new file has the next number.`,
    ),
    { at: late.map(({ file }) => ({ file })) },
  );
}
