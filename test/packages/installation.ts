/** The app of the package list, copied to a temporary folder with its packages installed by npm ci. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const fixture = join(import.meta.dirname, "fixtures", "app");

/**
 * The app's folder, which is reused between runs, one per package-lock.json: npm takes a minute for its 660 MB. Install
 * scripts do not run.
 */
export function installApp(): string {
  const lock = readFileSync(join(fixture, "package-lock.json"));
  const root = join(tmpdir(), `portico-packages-${createHash("sha256").update(lock).digest("hex").slice(0, 12)}`);
  const installed = join(root, "installed");
  mkdirSync(root, { recursive: true });
  cpSync(fixture, root, { recursive: true });
  if (!existsSync(installed)) {
    const { status, stderr } = spawnSync("npm", ["ci", "--ignore-scripts", "--prefer-offline"], {
      cwd: root,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`npm ci failed in ${root}:\n${stderr}`);
    writeFileSync(installed, "");
  }
  return root;
}
