/** A local file that remembers a rollback in progress, so that a repeated command does not go one release further. */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * A rollback to the previous release. Repeated, it would go one release further, and the cloud keeps no trace of it.
 */
export interface RollbackStep {
  readonly schemaVersion: 1;
  /** The release that was live, and the one that was to be. */
  readonly from: number;
  readonly to: number;
  /** The greatest number that any release had. */
  readonly last: number;
  /** Epoch ms. */
  readonly time: number;
}

/** One app's stage on one cloud. */
export interface RollbackJournal {
  /** The recent rollback that did not end; undefined for a file that is truncated or too old. */
  read(): Promise<RollbackStep | undefined>;
  /** To be called just before the lock is taken. */
  record(step: Omit<RollbackStep, "schemaVersion" | "time">): Promise<void>;
  clear(): Promise<void>;
}

/** Milliseconds within which the same command counts as a repetition. */
const lifetime = 10 * 60 * 1000;

/** A folder that cannot be written to only forgets: in an emergency a rollback must not fail for that. */
const unwritable: ReadonlySet<string | undefined> = new Set(["EROFS", "EACCES", "EPERM"]);

/** @param now epoch ms */
export function createRollbackJournal(file: string, now: () => number): RollbackJournal {
  return {
    async read() {
      const step = parseStep(await readFile(file, "utf8").catch(unlessMissing));
      return step && now() - step.time < lifetime ? step : undefined;
    },
    async record(step) {
      // Two rollbacks at once must not write into each other's words.
      const temporary = `${file}.${randomUUID()}`;
      try {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        await writeFile(temporary, JSON.stringify({ schemaVersion: 1, ...step, time: now() } satisfies RollbackStep));
        await rename(temporary, file);
      } catch (error) {
        if (!unwritable.has((error as NodeJS.ErrnoException).code)) throw error;
      }
    },
    clear: () => rm(file, { force: true }),
  };
}

function parseStep(text: string | undefined): RollbackStep | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Partial<RollbackStep> | null;
    const isWhole = [value?.from, value?.to, value?.last, value?.time].every(Number.isInteger);
    return value?.schemaVersion === 1 && isWhole ? (value as RollbackStep) : undefined;
  } catch {
    return undefined;
  }
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}
