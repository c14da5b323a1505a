/** How this package was itself installed: its folder and a new project's in, the dependency to write there out. */
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/**
 * `file:../portico` for a checkout, else what the project that installed it asks for (a version, a tarball, a URL), with relative paths
 * made relative to `directory`; `^version` when nothing tells, as after a global install.
 */
export function installedAs(packageRoot: string, directory: string): string {
  const root = resolve(packageRoot);
  if (basename(dirname(root)) !== "node_modules") return toFile(root, directory);
  const { name, version } = readPackage(root)!;
  const project = dirname(dirname(root));
  const asked = readPackage(project);
  const wanted = asked?.dependencies?.[name] ?? asked?.devDependencies?.[name];
  if (wanted === undefined || wanted === "*" || wanted === "latest") return `^${version}`;
  const [, path] = /^(?:file|link):(?:\/\/(?=\/))?(.+)$/.exec(wanted) ?? [];
  return path === undefined ? wanted : toFile(resolve(project, path), directory);
}

function toFile(path: string, directory: string): string {
  return `file:${relative(directory, path).replaceAll("\\", "/") || "."}`;
}

/** Undefined where there is none: above node_modules there may be no project. */
function readPackage(folder: string): PackageJson | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageJson;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
