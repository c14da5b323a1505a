/** The output folders of one function in development: a folder per content hash, and the removal of old ones. */
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../model/user-error.ts";
import { temporaryPath } from "./temporary-files.ts";

/** Builds to keep: the current one, and the one before, which may still handle calls. */
const keptBuilds = 2;
/** Milliseconds that every build is kept, since a call may still be about to start an older one. */
const keptMs = 60_000;

/** Rejects with UserError OUTPUT. @param cleanup the removal of old builds, awaited before the folder is written */
export async function writeBuild(
  directory: string,
  files: ReadonlyMap<string, Uint8Array>,
  cleanup: Promise<void>,
): Promise<void> {
  try {
    await cleanup;
    // Synchronous: the files are few and small, and the thread pool would take longer than the writes.
    const draft = temporaryPath(directory);
    for (const folder of new Set([...files.keys()].map((name) => dirname(join(draft, name)))))
      mkdirSync(folder, { recursive: true });
    for (const [name, bytes] of files) writeFileSync(join(draft, name), bytes);
    moveIntoPlace(draft, directory, files);
  } catch (cause) {
    if (!["EACCES", "EROFS", "ENOSPC", "EPERM"].includes((cause as NodeJS.ErrnoException).code ?? "")) throw cause;
    throw new UserError("OUTPUT", `${directory} cannot be written`, "Check the folder's permissions and free space.", {
      cause,
    });
  }
}

/** Another `portico dev` of the same app may have written the folder: its hash says that the files are the same. */
function moveIntoPlace(draft: string, directory: string, files: ReadonlyMap<string, Uint8Array>): void {
  const isComplete = [...files].every(
    ([name, { length }]) => statSync(join(directory, name), { throwIfNoEntry: false })?.size === length,
  );
  if (isComplete) return rmSync(draft, { recursive: true });
  rmSync(directory, { recursive: true, force: true });
  renameSync(draft, directory);
}

/**
 * Removes builds older than `keptMs`, except the newest ones up to `keptBuilds` with the one that follows.
 * @param latest the current build, which is kept first
 */
export async function removeOldBuilds(folder: string, latest: string | undefined): Promise<void> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  if (names.length < keptBuilds) return;
  const age = async (name: string): Promise<number> =>
    name === latest ? Infinity : (await stat(join(folder, name))).mtimeMs;
  const dated = await Promise.all(names.map(async (name) => ({ name, time: await age(name) })));
  const old = dated
    .toSorted((a, b) => b.time - a.time)
    .slice(keptBuilds - 1)
    .filter(({ time }) => time < Date.now() - keptMs);
  await Promise.all(old.map(({ name }) => rm(join(folder, name), { recursive: true, force: true })));
}
