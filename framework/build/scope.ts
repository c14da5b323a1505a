/** From where a file's imports are looked up: an app's root in, for each file the folder that decides out. */
import { existsSync } from "node:fs";
import { join, posix } from "node:path";

const scopeFiles = ["node_modules", "package.json", "tsconfig.json", "jsconfig.json"];

/** The nearest folder above a file that can give its imports a meaning of their own, relative to the root; `.` for the root. */
export function createScopes(root: string): (file: string) => string {
  const known = new Map<string, string>([[".", "."]]);
  const scopeOf = (folder: string): string => {
    const found =
      known.get(folder) ?? (scopeFiles.some((name) => existsSync(join(root, folder, name))) ? folder : scopeOf(posix.dirname(folder)));
    known.set(folder, found);
    return found;
  };
  return (file) => scopeOf(posix.dirname(file));
}
