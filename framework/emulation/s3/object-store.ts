/**
 * The objects of all buckets in one SQLite file. What was answered is in the file, so that a kill leaves the old or the
 * new object; several processes may have it open.
 */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { UserError } from "../../model/user-error.ts";

/** An object without its content. */
export interface StoredObject {
  readonly bucket: string;
  readonly key: string;
  /** MD5 of the content, in quotes. */
  readonly etag: string;
  readonly size: number;
  /** Epoch ms. */
  readonly modified: number;
  /** Content-Type and similar headers of PutObject. */
  readonly headers: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** By header name. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** Looks at the object that a write replaces or removes, and throws to prevent that. */
export type WriteCheck = (before: StoredObject | undefined) => void;

/** `PRAGMA user_version` of the file. */
const schemaVersion = 1;
const schema = `
  CREATE TABLE IF NOT EXISTS objects (b TEXT NOT NULL, k BLOB NOT NULL, o TEXT NOT NULL, c BLOB, PRIMARY KEY (b, k));
  PRAGMA user_version = ${schemaVersion};`;

/** A class, since it holds the file open. */
export class ObjectStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Throws UserError STORE_FILE for the file of a newer version of Portico, and for one that is not a database. */
  constructor(file: string) {
    this.#database = openDatabase(file);
  }

  #prepare(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  find(bucket: string, key: string): StoredObject | undefined {
    const row = this.#prepare("SELECT o FROM objects WHERE b = ? AND k = ?").get(bucket, Buffer.from(key));
    return row && toObject(row);
  }

  /** With its content. */
  read(bucket: string, key: string): (StoredObject & { readonly content: Uint8Array }) | undefined {
    const row = this.#prepare("SELECT o, c FROM objects WHERE b = ? AND k = ?").get(bucket, Buffer.from(key));
    return row && { ...toObject(row), content: (row["c"] as Uint8Array | null) ?? new Uint8Array() };
  }

  /** The objects of a bucket in the order of their keys' bytes. @param from the first key, as UTF-8 */
  list(bucket: string, from: Uint8Array, limit: number): readonly StoredObject[] {
    const page = this.#prepare("SELECT o FROM objects WHERE b = ? AND k >= ? ORDER BY k LIMIT ?");
    return page.all(bucket, from, limit).map(toObject);
  }

  /** Throws what `check` throws; then nothing is written. */
  put(object: StoredObject, content: Uint8Array, check: WriteCheck): void {
    const { bucket, key } = object;
    this.#write(bucket, key, check, () =>
      this.#prepare("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)").run(
        bucket,
        Buffer.from(key),
        JSON.stringify(object),
        content,
      ),
    );
  }

  /** Throws what `check` throws; then nothing is removed. */
  remove(bucket: string, key: string, check: WriteCheck): void {
    this.#write(bucket, key, check, () =>
      this.#prepare("DELETE FROM objects WHERE b = ? AND k = ?").run(bucket, Buffer.from(key)),
    );
  }

  /** No other process writes between the check and the write. */
  #write(bucket: string, key: string, check: WriteCheck, write: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      check(this.find(bucket, key));
      write();
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }
}

const toObject = (row: Readonly<Record<string, unknown>>): StoredObject => JSON.parse(String(row["o"])) as StoredObject;

function openDatabase(file: string): DatabaseSync {
  // Not imported: Node 22 prints a warning as soon as the module is loaded.
  const { DatabaseSync: Database } = process.getBuiltinModule("node:sqlite");
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true });
    // Readable by the owner alone, as SQLite's files beside it then are: releases hold an app's settings.
    closeSync(openSync(file, "a", 0o600));
    database = new Database(file, { timeout: 10_000 });
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    const found = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (found > schemaVersion) throw newerFile(file, found);
    if (found < schemaVersion) database.exec(schema);
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof UserError) throw cause;
    throw new UserError(
      "STORE_FILE",
      `the objects of the local S3 cannot be opened (${(cause as Error).message})`,
      "Check the folder's permissions and free space, or delete the file to start without objects.",
      { at: { file }, cause },
    );
  }
}

function newerFile(file: string, found: number): UserError {
  return new UserError(
    "STORE_FILE",
    `the objects of the local S3 were written by a newer version of Portico (schema ${found})`,
    "Use that version, or delete the file to start without objects.",
    { at: { file } },
  );
}
