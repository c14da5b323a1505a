/**
 * The messages of all queues in one SQLite file. What was answered is on disk, so that a kill loses nothing; several
 * processes may have the file open.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { UserError } from "../../model/user-error.ts";

/** `PRAGMA user_version` of the file. */
const schemaVersion = 1;
const schema = `
  CREATE TABLE IF NOT EXISTS message (
    id TEXT PRIMARY KEY, queue TEXT NOT NULL, body TEXT NOT NULL, sender TEXT NOT NULL, sent INTEGER NOT NULL,
    visible INTEGER NOT NULL, receives INTEGER NOT NULL DEFAULT 0, first INTEGER, last INTEGER, receipt TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS message_visible ON message (queue, visible);
  PRAGMA user_version = ${schemaVersion};`;

/** A message of a queue. Times are epoch milliseconds. */
export interface StoredMessage {
  readonly id: string;
  readonly body: string;
  /** The id of who sent it. */
  readonly sender: string;
  readonly sent: number;
  readonly visible: number;
  /** How often it was received, and when at first and at last. */
  readonly receives: number;
  readonly first: number | null;
  readonly last: number | null;
  /** Changes with every receipt; null before the first. */
  readonly receipt: string | null;
}

/** How many messages are in each state. */
export interface MessageCounts {
  readonly waiting: number;
  readonly delayed: number;
  readonly inFlight: number;
}

/** How to receive. Times are epoch milliseconds. */
export interface ReceiveOptions {
  readonly now: number;
  readonly limit: number;
  /** Until when the messages are hidden. */
  readonly hiddenUntil: number;
  /** Where messages go that were received that often. */
  readonly redrive?: { readonly queue: string; readonly maxReceiveCount: number };
}

/** A class, since it holds the file open. */
export class QueueStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Throws UserError QUEUE_FILE for the file of a newer version of Portico, and for one that is not a database. */
  constructor(file: string) {
    this.#database = openDatabase(file);
  }

  #all<Row>(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement.all(...values) as unknown as readonly Row[];
  }

  /** @returns the message's id */
  send(queue: string, message: Pick<StoredMessage, "body" | "sender" | "sent" | "visible">): string {
    const { body, sender, sent, visible } = message;
    const id = randomUUID();
    const insert = "INSERT INTO message (id, queue, body, sender, sent, visible) VALUES (?, ?, ?, ?, ?, ?)";
    this.#all(insert, id, queue, body, sender, sent, visible);
    return id;
  }

  /** Hides visible messages and gives them, the longest visible first; those received too often are moved. */
  receive(queue: string, { now, limit, hiddenUntil, redrive }: ReceiveOptions): readonly StoredMessage[] {
    const visible = "FROM message WHERE queue = ? AND visible <= ?";
    // Asks first, since a transaction that finds nothing waits for other writers too.
    if (this.#all(`SELECT 1 ${visible} LIMIT 1`, queue, now).length === 0) return [];
    const claim =
      "UPDATE message SET receives = receives + 1, visible = ?, first = coalesce(first, ?), last = ?, " +
      `receipt = hex(randomblob(16)) WHERE id IN (SELECT id ${visible} ORDER BY visible, sent LIMIT ?) RETURNING *`;
    return this.#transaction(() => {
      if (redrive)
        this.#all(
          "UPDATE message SET queue = ?, receipt = NULL WHERE queue = ? AND visible <= ? AND receives >= ?",
          redrive.queue,
          queue,
          now,
          redrive.maxReceiveCount,
        );
      return this.#all<StoredMessage>(claim, hiddenUntil, now, now, queue, now, limit);
    });
  }

  #transaction<T>(run: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = run();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  find(queue: string, id: string): StoredMessage | undefined {
    return this.#all<StoredMessage>("SELECT * FROM message WHERE queue = ? AND id = ?", queue, id)[0];
  }

  /** Deletes nothing if the message was received again since. */
  remove(queue: string, id: string, receipt: string): void {
    this.#all("DELETE FROM message WHERE queue = ? AND id = ? AND receipt = ?", queue, id, receipt);
  }

  /** Changes nothing if the message was received again since. */
  hide(queue: string, { id, receipt }: Pick<StoredMessage, "id" | "receipt">, until: number): void {
    this.#all("UPDATE message SET visible = ? WHERE queue = ? AND id = ? AND receipt = ?", until, queue, id, receipt);
  }

  /** Deletes what was sent before a time. */
  expire(queue: string, before: number): void {
    if (this.#all("SELECT 1 FROM message WHERE queue = ? AND sent < ? LIMIT 1", queue, before).length > 0)
      this.#all("DELETE FROM message WHERE queue = ? AND sent < ?", queue, before);
  }

  /** When the next message is visible; undefined in an empty queue. */
  nextVisible(queue: string): number | undefined {
    const sql = "SELECT min(visible) AS next FROM message WHERE queue = ?";
    return this.#all<{ readonly next: number | null }>(sql, queue)[0]?.next ?? undefined;
  }

  counts(queue: string, now: number): MessageCounts {
    const sql =
      "SELECT coalesce(sum(visible <= ?), 0) AS waiting, coalesce(sum(visible > ? AND receives = 0), 0) AS delayed, " +
      "coalesce(sum(visible > ? AND receives > 0), 0) AS inFlight FROM message WHERE queue = ?";
    return this.#all<MessageCounts>(sql, now, now, now, queue)[0]!;
  }

  /** The queues that have messages. */
  queues(): readonly string[] {
    return this.#all<{ readonly queue: string }>("SELECT DISTINCT queue FROM message").map(({ queue }) => queue);
  }

  /** Deletes all messages of a queue. */
  removeQueue(queue: string): void {
    this.#all("DELETE FROM message WHERE queue = ?", queue);
  }

  /** The messages of a queue, and whether they are in flight (0 or 1). */
  list(queue: string, now: number): readonly { readonly body: string; readonly inFlight: number }[] {
    return this.#all("SELECT body, visible > ? AND receives > 0 AS inFlight FROM message WHERE queue = ?", now, queue);
  }

  close(): void {
    this.#database.close();
  }
}

function openDatabase(file: string): DatabaseSync {
  // Not imported: Node 22 prints a warning as soon as the module is loaded.
  const { DatabaseSync: Database } = process.getBuiltinModule("node:sqlite");
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true });
    database = new Database(file, { timeout: 10_000 });
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    const found = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (found > schemaVersion) throw newerFile(file, found);
    if (found < schemaVersion) database.exec(schema);
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof UserError) throw cause;
    throw new UserError(
      "QUEUE_FILE",
      `the messages of the local SQS cannot be opened (${(cause as Error).message})`,
      "Check the folder's permissions and free space, or delete the file to start without messages.",
      { at: { file }, cause },
    );
  }
}

const newerFile = (file: string, found: number): UserError =>
  new UserError(
    "QUEUE_FILE",
    `the messages of the local SQS were written by a newer version of Portico (schema ${found})`,
    "Use that version, or delete the file to start without messages.",
    { at: { file } },
  );
