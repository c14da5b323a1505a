/** The builds of one function on disk: files in, a folder by their hash out; those of before are cleared up. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../model/user-error.ts";

/** The current one, and the one before for calls that are still answered by it. */
const kept = 2;
/** Milliseconds that every build is kept: where a file is saved again and again, calls may still be about to start an older one. */
const keptMs = 60_000;

/** Rejects with UserError OUTPUT. @param room resolves when there is room for one more */
export async function writeBuild(directory: string, files: ReadonlyMap<string, Uint8Array>, room: Promise<void>): Promise<void> {
  try {
    await room;
    // Few and small: each wait for a thread would take longer than the write.
    mkdirSync(directory, { recursive: true });
    for (const [name, bytes] of files) writeFileSync(join(directory, name), bytes);
  } catch (cause) {
    if (!["EACCES", "EROFS", "ENOSPC", "EPERM"].includes((cause as NodeJS.ErrnoException).code ?? "")) throw cause;
    throw new UserError("OUTPUT", `${directory} cannot be written`, "Check the folder's permissions and free space.", { cause });
  }
}

/** Removes all that are no longer young but as many as may be kept beside one more. @param latest the one that is kept first, if there is one */
export async function makeRoom(folder: string, latest: string | undefined): Promise<void> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  if (names.length < kept) return;
  const age = async (name: string): Promise<number> => (name === latest ? Infinity : (await stat(join(folder, name))).mtimeMs);
  const dated = await Promise.all(names.map(async (name) => ({ name, time: await age(name) })));
  const old = dated
    .toSorted((a, b) => b.time - a.time)
    .slice(kept - 1)
    .filter(({ time }) => time < Date.now() - keptMs);
  await Promise.all(old.map(({ name }) => rm(join(folder, name), { recursive: true, force: true })));
}
