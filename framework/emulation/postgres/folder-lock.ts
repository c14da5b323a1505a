/** A lock between processes for one folder, which ends with its process: a transaction on an SQLite file. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

/** SQLITE_BUSY (sqlite.org/rescode.html). */
const busy = 5;

/** Runs `work` while no other process holds the lock of the folder, which exists. */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const database = new DatabaseSync(join(folder, "lock.sqlite"), { timeout: 0 });
  try {
    while (!isBegun(database)) await sleep(20);
    return await work();
  } finally {
    database.close();
  }
}

function isBegun(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (((error as { readonly errcode?: number }).errcode ?? 0) % 256 !== busy) throw error;
    return false;
  }
}
