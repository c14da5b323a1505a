/** Writes a build: a folder and what is to be in it in, the folder replaced whole. */
import { linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../model/user-error.ts";
import { besides, removeLeftovers } from "./leftovers.ts";

/** Files written at once: more would not be faster, and macOS lets a process open 256. */
const bound = 32;

/**
 * Written beside the old folder, then swapped in: a reader finds the old build or the new one, never half of each. Throws UserError
 * OUTPUT where the file system refuses.
 * @param files by path, relative to the folder
 */
export async function replaceFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const fresh = besides(folder);
  const old = `${fresh}.old`;
  try {
    for (const parent of new Set([...files.keys()].map((name) => dirname(join(fresh, name))))) mkdirSync(parent, { recursive: true });
    await writeAll(
      [...files].filter(([name, bytes]) => !takeOver(join(folder, name), join(fresh, name), bytes)),
      fresh,
    );
    mkdirSync(folder, { recursive: true });
    renameSync(folder, old);
    renameSync(fresh, folder);
    removeLeftovers(folder);
  } catch (error) {
    if (!isCode(error, "EXDEV", "EACCES", "EPERM", "ENOSPC", "EROFS")) throw error;
    throw new UserError("OUTPUT", `${folder} cannot be written: ${error.message}`, "Check the folder's permissions and free space.", {
      cause: error,
    });
  } finally {
    for (const path of [fresh, old]) rmSync(path, { recursive: true, force: true });
  }
}

/** Links the last build's file where its bytes are the same: on ext4 a new file takes 0.4 to 0.8 ms, reading and linking 0.03 ms. */
function takeOver(from: string, to: string, bytes: Uint8Array): boolean {
  try {
    const last = lstatSync(from, { throwIfNoEntry: false });
    if (!last?.isFile() || last.size !== bytes.length) return false;
    if (!readFileSync(from).equals(bytes)) return false;
    linkSync(from, to);
    return true;
  } catch {
    // Unreadable, or no hard links here: the file is written instead, and that tells what is really wrong.
    return false;
  }
}

/** Throws the first failure, and only when nothing is being written any more. */
async function writeAll(files: readonly (readonly [name: string, bytes: Uint8Array])[], folder: string): Promise<void> {
  const left = files.values();
  const write = async (): Promise<void> => {
    for (const [name, bytes] of left) await writeFile(join(folder, name), bytes);
  };
  const ended = await Promise.allSettled(Array.from({ length: bound }, write));
  for (const end of ended) if (end.status === "rejected") throw end.reason;
}

const isCode = (error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException =>
  error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? "");
