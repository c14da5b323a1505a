/**
 * Links from a development build to the app's installed packages, in place of the installation of a production build.
 */
import { existsSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { UserError } from "../../model/user-error.ts";

/**
 * The app's packages are installed for this machine, and resolve their own dependencies from their real folders. Throws
 * UserError BUILD_FAILED for a package that is not installed.
 */
export function linkPackages(root: string, directory: string, names: readonly string[]): void {
  for (const name of names) {
    const folders = createRequire(join(root, "package.json")).resolve.paths(name) ?? [];
    const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
    if (found === undefined)
      throw new UserError(
        "BUILD_FAILED",
        `"packages" in hosting.json names ${name}, which is not installed`,
        `Run npm install ${name}.`,
      );
    const link = join(directory, "node_modules", name);
    if (existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    // A junction needs no rights on Windows.
    symlinkSync(realpathSync(found), link, "junction");
  }
}
