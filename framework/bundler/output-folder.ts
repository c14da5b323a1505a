/** Atomic replacement of a build's output folder, with hard links to files that did not change. */
import { copyFileSync, existsSync, linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../model/user-error.ts";
import { fileState } from "./cache/file-state.ts";
import { temporaryPath, removeOrphans } from "./temporary-files.ts";

/** Concurrent writes: more would not be faster, and macOS limits a process to 256 open files. */
const maxWrites = 32;

/** Attempts to swap the folder while other processes write it too. */
const maxAttempts = 20;

/**
 * Writes beside the old folder and then renames, so that a reader finds one build or the other, never a mixture. Throws
 * UserError OUTPUT where the file system refuses.
 * @param files by path, relative to the folder
 * @param unchanged files of the old folder that stay, each with its file state; throws UserError BUILD_CHANGED where
 * one has changed
 */
export async function replaceFolder(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  unchanged: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const draft = temporaryPath(folder);
  const old = `${draft}.old`;
  try {
    for (const parent of new Set([...files.keys(), ...unchanged.keys()].map((name) => dirname(join(draft, name)))))
      mkdirSync(parent, { recursive: true });
    for (const [name, state] of unchanged) linkUnchanged(join(folder, name), join(draft, name), state);
    await writeAll(
      [...files].filter(([name, bytes]) => !linkEqual(join(folder, name), join(draft, name), bytes)),
      draft,
    );
    swap(folder, draft, old);
    removeOrphans(folder);
  } catch (error) {
    if (!isCode(error, "EXDEV", "EACCES", "EPERM", "ENOSPC", "EROFS")) throw error;
    throw new UserError(
      "OUTPUT",
      `${folder} cannot be written: ${error.message}`,
      "Check the folder's permissions and free space.",
      {
        cause: error,
      },
    );
  } finally {
    for (const path of [draft, old]) rmSync(path, { recursive: true, force: true });
  }
}

/** Retries while other processes write the same folder; the last one's build stays. */
function swap(folder: string, draft: string, old: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      mkdirSync(folder, { recursive: true });
      renameSync(folder, old);
      renameSync(draft, folder);
      return;
    } catch (error) {
      if (attempt === maxAttempts || !isCode(error, "ENOENT", "ENOTEMPTY", "EEXIST") || !existsSync(draft)) throw error;
      rmSync(old, { recursive: true, force: true });
    }
  }
}

/** Checks the state, since another process may have built here in the meantime. */
function linkUnchanged(from: string, to: string, state: string): void {
  if (fileState(from) === state) {
    try {
      linkSync(from, to);
    } catch {
      // The file system has no hard links.
      copyFileSync(from, to);
    }
    // The linked file is the checked one: the same inode and dates, or a copy of a file that still has them.
    const [dev, ino, size, changed] = state.split(",");
    const [, , sizeNow] = fileState(to).split(",");
    if (size === sizeNow && fileState(from).startsWith([dev, ino, size, changed].join())) return;
  }
  throw new UserError("BUILD_CHANGED", `${from} was changed by another process during the build`, "Build again.");
}

/**
 * Links the last build's file if its bytes are equal: on ext4 writing a file takes 0.4 to 0.8 ms, reading and linking
 * 0.03 ms.
 */
function linkEqual(from: string, to: string, bytes: Uint8Array): boolean {
  try {
    const last = lstatSync(from, { throwIfNoEntry: false });
    if (!last?.isFile() || last.size !== bytes.length) return false;
    if (!readFileSync(from).equals(bytes)) return false;
    linkSync(from, to);
    return true;
  } catch {
    // Unreadable, or no hard links: the file is written instead, which reports real errors.
    return false;
  }
}

/** Throws the first failure after all writes have ended. */
async function writeAll(files: readonly (readonly [name: string, bytes: Uint8Array])[], folder: string): Promise<void> {
  const remaining = files.values();
  const write = async (): Promise<void> => {
    for (const [name, bytes] of remaining) await writeFile(join(folder, name), bytes);
  };
  const results = await Promise.allSettled(Array.from({ length: maxWrites }, write));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

const isCode = (error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException =>
  error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? "");
