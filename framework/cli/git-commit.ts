/** The commit that a release is made of: a folder in, its hash out, with "+" where files differ from it; undefined outside of git. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Never fails: a release without a commit is a release. */
export async function gitCommit(folder: string): Promise<string | undefined> {
  const git = async (...words: readonly string[]): Promise<string> => (await run("git", ["-C", folder, ...words])).stdout.trim();
  try {
    const [hash, changed] = await Promise.all([git("rev-parse", "HEAD"), git("status", "--porcelain", "--", ".")]);
    return changed ? `${hash}+` : hash;
  } catch {
    // No git, no repository, no commit yet.
    return undefined;
  }
}
