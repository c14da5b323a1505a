/** Remembers on this machine a rollback that has begun: a file in; what it was about to do out, until it has ended. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** A rollback to the release before: done again it would go one further, and nothing in the cloud says that it was done. */
export interface Step {
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
export interface Journal {
  /** What began lately and did not end; a file that is cut off or too old is none. */
  read(): Promise<Step | undefined>;
  /** To be called just before the lock is taken. */
  begin(step: Omit<Step, "schemaVersion" | "time">): Promise<void>;
  end(): Promise<void>;
}

/** Milliseconds: whoever says the same command again does it soon; much later it is a new wish. */
const lifetime = 10 * 60 * 1000;

/** A folder that cannot be written to only forgets: in an emergency a rollback must not fail for that. */
const unwritable: ReadonlySet<string | undefined> = new Set(["EROFS", "EACCES", "EPERM"]);

/** @param now epoch ms */
export function createJournal(file: string, now: () => number): Journal {
  return {
    async read() {
      const step = parse(await readFile(file, "utf8").catch(unlessMissing));
      return step && now() - step.time < lifetime ? step : undefined;
    },
    async begin(step) {
      try {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        await writeFile(file, JSON.stringify({ schemaVersion: 1, ...step, time: now() } satisfies Step));
      } catch (error) {
        if (!unwritable.has((error as NodeJS.ErrnoException).code)) throw error;
      }
    },
    end: () => rm(file, { force: true }),
  };
}

function parse(text: string | undefined): Step | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Partial<Step> | null;
    const isWhole = [value?.from, value?.to, value?.last, value?.time].every(Number.isInteger);
    return value?.schemaVersion === 1 && isWhole ? (value as Step) : undefined;
  } catch {
    return undefined;
  }
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}
