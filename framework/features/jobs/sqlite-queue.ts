/** The queue of jobs on Node: a table in the app's data folder, which the processes of one machine share. */
import { JobError } from "./job-error.ts";
import type { Delivery } from "./run.ts";

/** A message that the queue gave, with its row. */
export interface ClaimedMessage extends Delivery {
  readonly row: number;
}

/** The messages of one job. */
export interface JobCount {
  readonly job: string;
  readonly waiting: number;
  readonly running: number;
}

/**
 * The open file. Times are epoch milliseconds. Methods throw JobError JOB_BUSY where another process writes for long.
 */
export interface SqliteQueue {
  send(body: string, visible: number): void;
  /** Sends the clock's messages of a minute and remembers the minute, both or neither. */
  tick(bodies: readonly string[], minute: number): void;
  /** The last minute of `tick`. */
  lastTick(): number | undefined;
  /** At most `limit` messages, the longest visible first. They stay claimed until one of the next three methods. */
  claim(now: number, limit: number): readonly ClaimedMessage[];
  remove(row: number): void;
  retry(row: number, visible: number): void;
  /** Puts a new message, without attempts, in the place of one. */
  replace(row: number, body: string, visible: number): void;
  /** Gives up all claims: those of a leader that ended. Their attempts count. */
  releaseClaims(): void;
  /** Shows messages at once that are hidden for longer than any delay: the machine's clock was put back. */
  limitDelays(now: number): void;
  /** When the next message is visible. */
  nextVisible(): number | undefined;
  counts(): readonly JobCount[];
  close(): void;
}

/** Milliseconds to wait for another process that writes. */
const busyTimeout = 5000;
/** The longest delay of a message and between two attempts. */
const longestDelay = 900_000;

const schemaVersion = 1;
const schema = [
  "CREATE TABLE IF NOT EXISTS message (row INTEGER PRIMARY KEY, body TEXT NOT NULL, visible INTEGER NOT NULL, " +
    "attempt INTEGER NOT NULL DEFAULT 0, claimed INTEGER NOT NULL DEFAULT 0) STRICT",
  "CREATE INDEX IF NOT EXISTS message_visible ON message (visible, row) WHERE claimed = 0",
  "CREATE TABLE IF NOT EXISTS clock (only INTEGER PRIMARY KEY CHECK (only = 1), minute INTEGER NOT NULL) STRICT",
  `PRAGMA user_version=${schemaVersion}`,
];

/** The name of the file in the data folder; SQLite writes others that begin with it. */
export const queueFile = "jobs.sqlite";

const insert = "INSERT INTO message (body, visible) VALUES (?, ?)";
const claimSome =
  "UPDATE message SET claimed = 1, attempt = attempt + 1 WHERE row IN (SELECT row FROM message WHERE claimed = 0 " +
  "AND visible <= ? ORDER BY visible, row LIMIT ?) RETURNING row, body, attempt";
const countAll =
  "SELECT body ->> '$.job' AS job, sum(claimed = 0) AS waiting, sum(claimed) AS running FROM message GROUP BY 1";

/**
 * Opens the file, and makes it where there is none. Throws JobError JOB_SCHEMA for the file of a newer Portico.
 * @param data the folder, which is made if it is missing; `:memory:` for a queue that ends with its object
 */
export function openSqliteQueue(data: string): SqliteQueue {
  const { mkdirSync } = process.getBuiltinModule("node:fs");
  const { join } = process.getBuiltinModule("node:path");
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const isFile = data !== ":memory:";
  if (isFile) mkdirSync(data, { recursive: true });
  const database = new DatabaseSync(isFile ? join(data, queueFile) : data, { timeout: busyTimeout });
  translateErrors(() => prepareFile(database, data));
  const statements = new Map<string, ReturnType<typeof database.prepare>>();
  const all = <Row>(sql: string, ...values: readonly (string | number)[]): readonly Row[] => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return translateErrors(() => statement.all(...values)) as unknown as readonly Row[];
  };
  const together = (work: () => void): void => {
    translateErrors(() => database.exec("BEGIN IMMEDIATE"));
    try {
      work();
      translateErrors(() => database.exec("COMMIT"));
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  };
  return {
    send: (body, visible) => void all(insert, body, visible),
    tick: (bodies, minute) =>
      together(() => {
        for (const body of bodies) all(insert, body, minute);
        all("INSERT INTO clock VALUES (1, ?) ON CONFLICT DO UPDATE SET minute = excluded.minute", minute);
      }),
    lastTick: () => all<{ readonly minute: number }>("SELECT minute FROM clock")[0]?.minute,
    // Asks first, since an UPDATE that finds nothing waits for other writers too.
    claim: (now, limit) =>
      all("SELECT 1 FROM message WHERE claimed = 0 AND visible <= ? LIMIT 1", now).length > 0
        ? all<ClaimedMessage>(claimSome, now, limit)
        : [],
    remove: (row) => void all("DELETE FROM message WHERE row = ?", row),
    retry: (row, visible) => void all("UPDATE message SET claimed = 0, visible = ? WHERE row = ?", visible, row),
    replace: (row, body, visible) =>
      void all("UPDATE message SET claimed = 0, attempt = 0, body = ?, visible = ? WHERE row = ?", body, visible, row),
    releaseClaims: () => void all("UPDATE message SET claimed = 0 WHERE claimed = 1"),
    limitDelays: (now) =>
      void all("UPDATE message SET visible = ? WHERE claimed = 0 AND visible > ?", now, now + longestDelay),
    nextVisible: () =>
      all<{ readonly next: number | null }>("SELECT min(visible) AS next FROM message WHERE claimed = 0")[0]?.next ??
      undefined,
    counts: () => all<JobCount>(countAll),
    close: () => database.close(),
  };
}

type DatabaseSync = InstanceType<ReturnType<typeof process.getBuiltinModule<"node:sqlite">>["DatabaseSync"]>;

function prepareFile(database: DatabaseSync, data: string): void {
  database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  // Of processes that start together, one makes the tables.
  database.exec("BEGIN IMMEDIATE");
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version > schemaVersion) {
    database.close();
    throw new JobError(
      "JOB_SCHEMA",
      `${data}/${queueFile} is of a newer Portico (schema ${version}; this one reads ${schemaVersion}): update it`,
    );
  }
  for (const sql of schema) database.exec(sql);
  database.exec("COMMIT");
}

/** SQLITE_BUSY (sqlite.org/rescode.html), without its extended part. */
const busy = 5;

/** Whether an error of node:sqlite says that another connection has the lock. */
export const isBusy = (error: unknown): boolean =>
  ((error as { readonly errcode?: number } | undefined)?.errcode ?? 0) % 256 === busy;

function translateErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!isBusy(cause)) throw cause;
    throw new JobError("JOB_BUSY", `another process wrote for ${busyTimeout / 1000} s; try later`, cause);
  }
}
