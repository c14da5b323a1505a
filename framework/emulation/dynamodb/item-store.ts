/**
 * The items of all tables in one SQLite file, ordered by the bytes of their keys. What was answered is on disk, so
 * that a kill loses nothing; several processes may have the file open.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { UserError } from "../../model/user-error.ts";
import { type Item, itemSize } from "./attribute-value.ts";
import type { ItemPlace } from "./table-schema.ts";

/** `PRAGMA user_version` of the file. */
const schemaVersion = 1;
const schema = `
  CREATE TABLE IF NOT EXISTS items (
    t TEXT NOT NULL, h BLOB NOT NULL, r BLOB NOT NULL, item TEXT NOT NULL, PRIMARY KEY (t, h, r)
  ) WITHOUT ROWID;
  PRAGMA user_version = ${schemaVersion};`;

/** Range keys from `from`, without `to`. */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to?: Uint8Array;
}

/** The bytes that directly follow these in order. */
export const after = (bytes: Uint8Array): Uint8Array => Buffer.concat([bytes, Buffer.of(0)]);

/** The end of all bytes that begin with these; undefined when nothing is beyond them. */
export function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  const last = prefix.findLastIndex((byte) => byte < 0xff);
  if (last < 0) return undefined;
  const end = Buffer.from(prefix.subarray(0, last + 1));
  end[last] = end[last]! + 1;
  return end;
}

/** A change that waits for its turn. */
interface PendingChange {
  readonly place: ItemPlace;
  readonly change: (old: Item | undefined) => Item | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A class, since it holds the file open. */
export class ItemStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #pending: PendingChange[] = [];

  /** Throws UserError STORE_FILE for the file of a newer version of Portico, and for one that is not a database. */
  constructor(file: string) {
    this.#database = openDatabase(file);
  }

  #prepare(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  get({ table, hash, range }: ItemPlace): Item | undefined {
    const row = this.#prepare("SELECT item FROM items WHERE t = ? AND h = ? AND r = ?").get(table, hash, range);
    return row && parseItem(row);
  }

  /**
   * Replaces one item, while no other process writes: `change` gets the present one and gives the next, or undefined
   * to delete it. When `change` throws, nothing is written. Resolves when it is on disk; changes that come together
   * are one transaction, since nearly all of a write's time is the wait for the disk.
   */
  change(place: ItemPlace, change: (old: Item | undefined) => Item | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0) setImmediate(() => this.#writePending());
      this.#pending.push({ place, change, resolve, reject });
    });
  }

  #writePending(): void {
    const pending = this.#pending.splice(0);
    // Written by `close` already.
    if (pending.length === 0) return;
    const answers: (() => void)[] = [];
    try {
      this.#transaction(() => {
        for (const one of pending) answers.push(this.#write(one));
      });
    } catch (error) {
      for (const { reject } of pending) reject(error);
      return;
    }
    for (const answer of answers) answer();
  }

  /** Gives what answers the call once the transaction is on disk. */
  #write({ place, change, resolve, reject }: PendingChange): () => void {
    const { table, hash, range } = place;
    const old = this.get(place);
    let next: Item | undefined;
    try {
      next = change(old);
    } catch (error) {
      return () => reject(error);
    }
    if (next)
      this.#prepare("INSERT OR REPLACE INTO items (t, h, r, item) VALUES (?, ?, ?, ?)").run(
        table,
        hash,
        range,
        JSON.stringify(next),
      );
    else this.#prepare("DELETE FROM items WHERE t = ? AND h = ? AND r = ?").run(table, hash, range);
    return resolve;
  }

  #transaction(run: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      run();
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** The items of one hash key in the order of their range keys. Read it to its end, or leave its loop. */
  *items(table: string, hash: Uint8Array, { from, to }: KeyRange): Generator<Item> {
    const sql = `SELECT item FROM items WHERE t = ? AND h = ? AND r >= ?${to ? " AND r < ?" : ""} ORDER BY r`;
    // Not cached: a loop may be open while another one of the same statement begins.
    for (const row of this.#database.prepare(sql).iterate(table, hash, from, ...(to ? [to] : []))) yield parseItem(row);
  }

  /** The items of a table behind a place, or all. */
  *allItems(table: string, start?: Pick<ItemPlace, "hash" | "range">): Generator<Item> {
    const sql = `SELECT item FROM items WHERE t = ?${start ? " AND (h, r) > (?, ?)" : ""} ORDER BY h, r`;
    const parameters = start ? [start.hash, start.range] : [];
    for (const row of this.#database.prepare(sql).iterate(table, ...parameters)) yield parseItem(row);
  }

  /** How many items a table has, and their bytes. */
  measure(table: string): { readonly count: number; readonly bytes: number } {
    let [count, bytes] = [0, 0];
    for (const item of this.allItems(table)) [count, bytes] = [count + 1, bytes + itemSize(item)];
    return { count, bytes };
  }

  /** The ids of the tables that have items. */
  tables(): readonly string[] {
    return this.#prepare("SELECT DISTINCT t FROM items")
      .all()
      .map(({ t }) => String(t));
  }

  removeTable(table: string): void {
    this.#prepare("DELETE FROM items WHERE t = ?").run(table);
  }

  /** Deletes the items of a table whose attribute `ttl` is a time (epoch seconds) before `now`. */
  sweep(table: string, ttl: string, now: number): void {
    const oldest = now - fiveYears;
    this.#transaction(() => {
      const expired: { readonly h: Uint8Array; readonly r: Uint8Array }[] = [];
      for (const row of this.#database.prepare("SELECT h, r, item FROM items WHERE t = ?").iterate(table)) {
        const expiry = Number(parseItem(row)[ttl]?.N ?? Number.NaN);
        if (expiry < now && expiry > oldest) expired.push(row as unknown as (typeof expired)[number]);
      }
      for (const { h, r } of expired)
        this.#prepare("DELETE FROM items WHERE t = ? AND h = ? AND r = ?").run(table, h, r);
    });
  }

  close(): void {
    if (this.#pending.length > 0) this.#writePending();
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
      "STORE_FILE",
      `the items of the local DynamoDB cannot be opened (${(cause as Error).message})`,
      "Check the folder's permissions and free space, or delete the file to start without items.",
      { at: { file }, cause },
    );
  }
}

/** Seconds; DynamoDB leaves items alone that expired longer ago (developer guide, "Using time to live"). */
const fiveYears = 5 * 365 * 24 * 3600;

const parseItem = (row: Record<string, unknown>): Item =>
  Object.assign(Object.create(null), JSON.parse(String(row["item"]))) as Item;

function newerFile(file: string, found: number): UserError {
  return new UserError(
    "STORE_FILE",
    `the items of the local DynamoDB were written by a newer version of Portico (schema ${found})`,
    "Use that version, or delete the file to start without items.",
    { at: { file } },
  );
}
