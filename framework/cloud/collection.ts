/**
 * A collection of records in memory and on disk. Each record is one JSON file that is replaced atomically, so that a
 * kill leaves the old or the new one.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../model/user-error.ts";

const schemaVersion = 4;

/** A class, since it holds the records of its folder. A write is on disk when the method returns. */
export class Collection<T> {
  readonly #folder: string;
  readonly #records = new Map<string, T>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder).toSorted()) {
      const file = join(folder, name);
      if (name.endsWith(".json")) this.#load(file);
      else if (name.endsWith(".tmp")) rmSync(file, { force: true });
    }
  }

  #load(file: string): void {
    const stored = JSON.parse(readFileSync(file, "utf8")) as { schemaVersion?: unknown; id: string; record: T };
    if (stored.schemaVersion !== schemaVersion) {
      throw new UserError(
        "CLOUD_STATE",
        "the local cloud's state was written by another version of Portico",
        "Use that version, or delete the folder `.portico/cloud` and run portico deploy --stage local",
        { at: { file } },
      );
    }
    this.#records.set(stored.id, stored.record);
  }

  #file(id: string): string {
    const name = encodeURIComponent(id);
    // File names have at most 255 bytes. The file contains the id.
    return join(this.#folder, `${name.length <= 200 ? name : createHash("sha256").update(id).digest("hex")}.json`);
  }

  get(id: string): T | undefined {
    return this.#records.get(id);
  }

  /** Sorted by id. */
  all(): readonly T[] {
    return [...this.#records].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, record]) => record);
  }

  ids(): readonly string[] {
    return [...this.#records.keys()];
  }

  put(id: string, record: T): T {
    const file = this.#file(id);
    // Readable by the owner alone: the environment variables of a function can be secrets.
    writeFileSync(`${file}.tmp`, JSON.stringify({ schemaVersion, id, record }), { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
    this.#records.set(id, record);
    return record;
  }

  remove(id: string): void {
    rmSync(this.#file(id), { force: true });
    this.#records.delete(id);
  }
}
