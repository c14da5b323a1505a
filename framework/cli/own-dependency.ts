/** The version or path of this package that a new project's package.json depends on. */
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/**
 * `file:../portico` for a checkout, else the dependency of the project that installed this package (a version, a
 * tarball, a URL). `^version` without such a project, as after a global install. Paths are relative to `directory`.
 */
export function ownDependency(packageRoot: string, directory: string): string {
  const root = resolve(packageRoot);
  if (basename(dirname(root)) !== "node_modules") return toFile(root, directory);
  const { name, version } = readPackage(root)!;
  const project = dirname(dirname(root));
  const parent = readPackage(project);
  const dependency = parent?.dependencies?.[name] ?? parent?.devDependencies?.[name];
  if (dependency === undefined || dependency === "*" || dependency === "latest") return `^${version}`;
  const [, path] = /^(?:file|link):(?:\/\/(?=\/))?(.+)$/.exec(dependency) ?? [];
  return path === undefined ? dependency : toFile(resolve(project, path), directory);
}

function toFile(path: string, directory: string): string {
  return `file:${relative(directory, path).replaceAll("\\", "/") || "."}`;
}

/** Undefined in a folder without a project, as there may be above node_modules. */
function readPackage(folder: string): PackageJson | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageJson;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
