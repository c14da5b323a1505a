/** The readers of a database: which contract files each live release lists, and since when. */
import type { BuiltMigration } from "../model/migration.ts";
import { UserError } from "../model/user-error.ts";
import { type DatabaseClient, inTransaction, type Row } from "./database-client.ts";
import { ensureLedger, hasLedger } from "./ledger.ts";
import type { MigrationFile } from "./migration-file.ts";
import { isReadBy, listedByBoth, listOfTree, type ReleaseList } from "./release-list.ts";

/** Whose release reads the database. */
export interface ReaderId {
  readonly app: string;
  readonly stage: string;
  readonly target: string;
}

/** A row: what the release that is live there lists, or what all that take its traffic list. */
export interface Reader extends ReaderId {
  readonly release: number;
  /**
   * The release that was let in last: another one than `release` until it has all of the traffic, or lost its part. 0
   * where two were let in at once: neither knows whether it is live.
   */
  readonly admitted: number;
  readonly files: ReleaseList;
  /** Seconds since each was listed, by the database's clock. */
  readonly listedFor: Readonly<Record<string, number>>;
  /** Seconds since the row was written. */
  readonly age: number;
}

/** A release that is to take traffic. */
export interface ListedRelease {
  readonly release: number;
  /**
   * The files of its tree, of which the contract files count; those that the database remembers of a release that was
   * live before, when absent.
   */
  readonly files?: readonly Pick<BuiltMigration, "name" | "kind" | "sha256">[];
  /** False for one that was made earlier and never took traffic. */
  readonly tookTraffic?: boolean;
  /** True for a release of which only one route is new: it lists what the live one does, too. */
  readonly isPart?: boolean;
}

/** Jobs of the release before may still run for so long. */
export const waitSeconds = 20 * 60;

/** Reads all of them; none without the table. */
export async function readReaders(client: DatabaseClient): Promise<readonly Reader[]> {
  if (!(await hasLedger(client))) return [];
  const { rows } = await client.query(
    `select app, stage, target, release, (to_jsonb(reader) ->> 'admitted')::int as admitted, files,
       extract(epoch from clock_timestamp() - seen)::float8 as age,
       coalesce((select jsonb_object_agg(key, extract(epoch from clock_timestamp() - (value #>> '{}')::timestamptz))
         from jsonb_each(listed_since)), '{}') as listed_for
     from public.portico_readers as reader order by app, stage, target`,
  );
  return rows.map(toReader);
}

const toReader = ({ app, stage, target, release, admitted, files, age, listed_for }: Row): Reader => ({
  app: app as string,
  stage: stage as string,
  target: target as string,
  release: release as number,
  admitted: (admitted ?? release) as number,
  files: files as Reader["files"],
  listedFor: listed_for as Reader["listedFor"],
  age: age as number,
});

/** A sentence for each reader because of which a contract file waits. Pure. */
export function reasonsToWait(
  { name, sha256 }: Pick<BuiltMigration, "name" | "sha256">,
  readers: readonly Reader[],
): readonly string[] {
  return readers.flatMap(({ app, stage, target, release, files, listedFor }) => {
    if (!isReadBy(files, name)) return [];
    const who = `release ${release} of ${app} at ${stage} on ${target}`;
    if (files[name] !== sha256) return [`${who} does not list it`];
    const listed = listedFor[name] ?? 0;
    if (listed >= waitSeconds) return [];
    return [`${who} has listed it for ${Math.floor(listed / 60)} of ${waitSeconds / 60} minutes`];
  });
}

/**
 * Throws UserError DATABASE_SHARED when somebody else reads the database, too.
 * @param isShared what hosting.json says of the database
 */
export function requireOwnDatabase(
  own: Pick<ReaderId, "app" | "stage">,
  readers: readonly Reader[],
  isShared: boolean,
): void {
  const other = readers.find(({ app, stage }) => app !== own.app || stage !== own.stage);
  if (!other || isShared) return;
  throw new UserError(
    "DATABASE_SHARED",
    `${other.app} at stage ${other.stage} reads this database, too`,
    'Give the stage a database of its own; or say "shared": true beside "dialect" in hosting.json if that is meant. ' +
      `If it is gone for good: portico migrate forget ${other.app} ${other.stage} ${other.target} --stage ${own.stage}`,
  );
}

/**
 * Throws UserError DATABASE_OF_STAGE where a release of a stage reads a database that .env gives to dev: only that
 * stage's commands change it. The stage local has dev's databases.
 */
export function requireDevDatabase(readers: readonly Reader[]): void {
  const other = readers.find(({ stage }) => stage !== "local");
  if (!other) return;
  const { app, stage, target, release } = other;
  throw new UserError(
    "DATABASE_OF_STAGE",
    `release ${release} of ${app} at ${stage} on ${target} reads this database, which dev does not change`,
    `Take its URL out of .env to get a local Postgres, or run the command with --stage ${stage}. If that release is ` +
      `gone for good: portico migrate forget ${app} ${stage} ${target}`,
  );
}

/** Nobody changes a row, and no contract file runs, until the transaction ends. Reading goes on. */
export const lockReaders = (client: DatabaseClient): Promise<unknown> =>
  client.query("lock table public.portico_readers in share row exclusive mode");

/** The readers stay as they are until the file has run. */
export async function requireReadyReaders(client: DatabaseClient, file: MigrationFile): Promise<void> {
  await lockReaders(client);
  const reasons = reasonsToWait(file, await readReaders(client));
  if (!reasons.length) return;
  throw new UserError(
    "MIGRATION_WAITS",
    `${file.file} has to wait: ${reasons.join("; ")}`,
    "Run the command again: the releases were changed while it ran.",
  );
}

/**
 * Before a release takes traffic, all of it or a part: its reader lists what both it and the one before list. In one
 * transaction with the check that it lists every contract file that ran. Throws UserError SCHEMA_CONTRACTED, and
 * SCHEMA_BEHIND for one that never took traffic and was never let in.
 */
export async function admitRelease(client: DatabaseClient, id: ReaderId, next: ListedRelease): Promise<void> {
  await ensureLedger(client);
  await inTransaction(client, async () => {
    await lockReaders(client);
    const row = await readRow(client, id);
    if (next.tookTraffic === false) await requireReady(client, id, next.release);
    const listed = await listOf(client, id, next, row?.files);
    await requireContracts(client, next.release, listed);
    if (next.files) await writeRelease(client, id, next.release, listed);
    await writeRow(client, id, {
      release: row?.release ?? next.release,
      admitted: next.release,
      files: row ? listedByBoth(listed, row.files) : listed,
    });
  });
}

/**
 * After it took all of the traffic: its own list. Where another release than `insteadOf` was let in since, as by a run
 * that took over from this one, nobody knows which of them is live: what both list.
 */
export async function settleReader(
  client: DatabaseClient,
  id: ReaderId,
  release: number,
  insteadOf = release,
): Promise<void> {
  await ensureLedger(client);
  await inTransaction(client, async () => {
    await lockReaders(client);
    const [row, files] = [await readRow(client, id), await listOf(client, id, { release }, undefined)];
    const isOurs = !row || row.admitted === release || row.admitted === insteadOf;
    await writeRow(
      client,
      id,
      isOurs ? { release, admitted: release, files } : { ...row, admitted: 0, files: listedByBoth(files, row.files) },
    );
  });
}

/** A release is let in when its files have run. */
async function requireReady(client: DatabaseClient, { app, stage, target }: ReaderId, release: number): Promise<void> {
  const { rows } = await client.query(
    "select 1 from public.portico_releases where app = $1 and stage = $2 and target = $3 and release = $4",
    [app, stage, target, release],
  );
  if (rows.length) return;
  throw new UserError(
    "SCHEMA_BEHIND",
    `release ${release} never took traffic, and the database may lack what its migrations add`,
    `Deploy it again from its commit (portico releases --stage ${stage}): portico deploy --stage ${stage}`,
  );
}

type ReaderRow = Pick<Reader, "release" | "admitted" | "files">;

/**
 * What a release lists: by its tree, or as the database remembers it. One that it does not know lists nothing and may
 * have every extension.
 */
async function listOf(
  client: DatabaseClient,
  { app, stage, target }: ReaderId,
  { release, files, isPart = false }: ListedRelease,
  live: ReleaseList | undefined,
): Promise<ReleaseList> {
  if (files) {
    const own = listOfTree(files);
    return isPart && live ? listedByBoth(own, live) : own;
  }
  const { rows } = await client.query(
    "select files from public.portico_releases where app = $1 and stage = $2 and target = $3 and release = $4",
    [app, stage, target, release],
  );
  if (rows[0]) return rows[0]["files"] as ReleaseList;
  const ran = await client.query("select name from public.portico_migrations");
  return listOfTree(ran.rows.map(({ name }) => ({ name: name as string, kind: "expand", sha256: "" })));
}

async function writeRelease(
  client: DatabaseClient,
  { app, stage, target }: ReaderId,
  release: number,
  files: ReleaseList,
): Promise<void> {
  await client.query(
    `insert into public.portico_releases (app, stage, target, release, files) values ($1, $2, $3, $4, $5::jsonb)
     on conflict (app, stage, target, release) do update set files = excluded.files`,
    [app, stage, target, release, JSON.stringify(files)],
  );
}

/** Takes a reader out that is gone for good, with what is known of its releases; false when there is none. */
export async function forgetReader(client: DatabaseClient, { app, stage, target }: ReaderId): Promise<boolean> {
  if (!(await hasLedger(client))) return false;
  const id = [app, stage, target];
  return inTransaction(client, async () => {
    await lockReaders(client);
    await client.query("delete from public.portico_releases where app = $1 and stage = $2 and target = $3", id);
    const { rows } = await client.query(
      "delete from public.portico_readers where app = $1 and stage = $2 and target = $3 returning app",
      id,
    );
    return rows.length > 0;
  });
}

/** One that is running counts: what it takes away may be gone already. */
async function requireContracts(client: DatabaseClient, release: number, listed: ReleaseList): Promise<void> {
  const { rows } = await client.query(
    "select name, sha256 from public.portico_migrations where kind = 'contract' order by name",
  );
  const lacking = rows
    .filter(({ name, sha256 }) => isReadBy(listed, name as string) && listed[name as string] !== sha256)
    .map(({ name }) => name as string);
  if (!lacking.length) return;
  throw new UserError(
    "SCHEMA_CONTRACTED",
    `release ${release} does not know that the database lost what these files took away: ${lacking.join(", ")}`,
    "Roll back to a release that lists them (portico releases), or deploy a fix: it goes forward alone from here.",
  );
}

async function readRow(client: DatabaseClient, { app, stage, target }: ReaderId): Promise<ReaderRow | undefined> {
  const { rows } = await client.query(
    `select release, coalesce(admitted, release) as admitted, files from public.portico_readers
     where app = $1 and stage = $2 and target = $3`,
    [app, stage, target],
  );
  return rows[0] as ReaderRow | undefined;
}

/** What was listed before with the same hash keeps its time. */
async function writeRow(
  client: DatabaseClient,
  { app, stage, target }: ReaderId,
  { release, admitted, files }: ReaderRow,
): Promise<void> {
  await client.query(
    `insert into public.portico_readers as old (app, stage, target, release, admitted, files, listed_since)
     values ($1, $2, $3, $4, $6, $5::jsonb,
       (select coalesce(jsonb_object_agg(key, to_jsonb(clock_timestamp())), '{}') from jsonb_each($5::jsonb)))
     on conflict (app, stage, target) do update set
       release = excluded.release,
       admitted = excluded.admitted,
       files = excluded.files,
       seen = now(),
       listed_since = (
         select coalesce(jsonb_object_agg(key, case when old.files -> key = value then old.listed_since -> key
           else to_jsonb(clock_timestamp()) end), '{}')
         from jsonb_each(excluded.files))`,
    [app, stage, target, release, JSON.stringify(files), admitted],
  );
}
