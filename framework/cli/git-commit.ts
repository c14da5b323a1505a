/** Reads the hash of a folder's git commit, which a release records, with "+" for uncommitted changes. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Undefined outside of git. Never fails, since a release needs no commit. */
export async function gitCommit(folder: string): Promise<string | undefined> {
  const git = async (...args: readonly string[]): Promise<string> =>
    (await run("git", ["-C", folder, ...args])).stdout.trim();
  try {
    const [hash, changed] = await Promise.all([git("rev-parse", "HEAD"), git("status", "--porcelain", "--", ".")]);
    return changed ? `${hash}+` : hash;
  } catch {
    // No git, no repository, no commit yet.
    return undefined;
  }
}
