/**
 * Which of the processes that share a data folder runs its jobs: the one that holds a lock on a file. The system gives
 * the lock back when the process ends, however it ends, and no clock is involved.
 */
import { isBusy } from "./sqlite-queue.ts";

/** The lock of the leader. */
export interface Leadership {
  release(): void;
}

/**
 * Undefined while another process, or another thread of this one, is the leader.
 * @param data the folder, which is made if it is missing
 */
export function tryToLead(data: string): Leadership | undefined {
  const { mkdirSync } = process.getBuiltinModule("node:fs");
  const { join } = process.getBuiltinModule("node:path");
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  mkdirSync(data, { recursive: true });
  const database = new DatabaseSync(join(data, "jobs-leader.sqlite"), { timeout: 0 });
  try {
    // Without WAL, an exclusive transaction is a lock of the system on the whole file (sqlite.org/lockingv3.html).
    database.exec("BEGIN EXCLUSIVE");
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}
