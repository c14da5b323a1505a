/** The entries of the store's file on this machine, which portico start and dev on node use. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  type EntryStore,
  readRows,
  type StoreRow,
  toColumns,
  toStoredEntry,
  writeRow,
} from "../../deploy/stored-entry.ts";
import { storeSchema, storeSchemaVersion } from "../model/store-schema.ts";
import { UserError } from "../model/user-error.ts";

const many = 500;

/**
 * Throws UserError STORE_MISSING, and STORE_SCHEMA for the file of a newer Portico.
 * @param data absolute folder of the app's data
 * @param creates makes a file that is missing
 */
export function openStoreFile(data: string, creates: boolean): EntryStore & { close(): void } {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const file = join(data, "store.sqlite");
  const isThere = existsSync(file);
  if (!isThere && !creates)
    throw new UserError(
      "STORE_MISSING",
      `there is no file ${file}: nothing was stored there`,
      "portico start and dev on node make it. Add --stage NAME for the store of a stage, or --data for another folder.",
    );
  mkdirSync(data, { recursive: true });
  const database = new DatabaseSync(file, { timeout: 5000 });
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version > storeSchemaVersion) {
    database.close();
    throw new UserError(
      "STORE_SCHEMA",
      `${file} is of a newer Portico (schema ${version}; this one knows ${storeSchemaVersion})`,
      "Run npm install portico@latest",
    );
  }
  database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  if (!isThere || version === 0)
    database.exec([...storeSchema, `PRAGMA user_version=${storeSchemaVersion}`].join(";\n"));
  return {
    where: `file ${file}`,
    async *read() {
      const select = database.prepare(readRows);
      for (let [n, k] = ["", ""]; ;) {
        const rows = select.all(n, k, many) as unknown as readonly StoreRow[];
        yield rows.map(toStoredEntry);
        const last = rows.at(-1);
        if (!last || rows.length < many) return;
        ({ n, k } = last);
      }
    },
    async write(entries) {
      const insert = database.prepare(writeRow);
      database.exec("BEGIN IMMEDIATE");
      try {
        for (const entry of entries) insert.run(...toColumns(entry));
        database.exec("COMMIT");
      } catch (error) {
        if (database.isTransaction) database.exec("ROLLBACK");
        throw error;
      }
    },
    close: () => database.close(),
  };
}
