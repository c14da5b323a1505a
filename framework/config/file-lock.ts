/** A lock between processes for one file below .portico, held with lock files beside it. */
import { randomBytes } from "node:crypto";
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Milliseconds after which a lock file is stale. The work takes a few milliseconds, and by then another process may
 * have the id of a dead one.
 */
const staleAfter = 10_000;

/**
 * Runs `work` while no other process holds the lock. A process writes its own lock file and then looks for others: one
 * that is already there goes first. Two processes that write at the same moment both back off and retry. Lock files of
 * dead processes are removed.
 * @param file absolute path in a folder that exists
 */
export async function withFileLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lockFile = `${file}.${process.pid}-${randomBytes(6).toString("hex")}.lock`;
  try {
    for (;;) {
      await writeFile(lockFile, "", { mode: 0o600 });
      if (!(await isLockedByAnother(file, lockFile))) return await work();
      await rm(lockFile, { force: true });
      await sleep(2 + Math.random() * 20);
    }
  } finally {
    await rm(lockFile, { force: true });
  }
}

async function isLockedByAnother(file: string, own: string): Promise<boolean> {
  for (const name of await readdir(dirname(file))) {
    const lockFile = join(dirname(file), name);
    const [, pid] = name.startsWith(`${basename(file)}.`) ? (/\.(\d+)-[0-9a-f]{12}\.lock$/.exec(name) ?? []) : [];
    if (pid === undefined || lockFile === own) continue;
    if (isAlive(Number(pid)) && (await isFresh(lockFile))) return true;
    await rm(lockFile, { force: true });
  }
  return false;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** False for a lock file that was removed in the meantime. */
async function isFresh(lockFile: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(lockFile)).mtimeMs < staleAfter;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
