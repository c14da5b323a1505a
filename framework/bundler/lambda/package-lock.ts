/** Reader of package-lock.json: the dependency closure of some packages as a lockfile of its own. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { UserError } from "../../model/user-error.ts";

/** A package in a lockfile of version 2 or 3 (docs.npmjs.com, package-lock.json). */
export interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** Packages by install path, such as `node_modules/sharp`. */
export type Locked = Readonly<Record<string, LockedPackage>>;

/** A lockfile, and the folder in it from which the app resolves packages: "" or a workspace's folder. */
interface Lock {
  readonly packages: Locked;
  readonly from: string;
}

const otherLockfiles = {
  "pnpm-lock.yaml": "pnpm",
  "yarn.lock": "Yarn",
  "bun.lock": "Bun",
  "bun.lockb": "Bun",
} as const;

/** Reads the nearest package-lock.json, in the app's folder or above. Throws UserError PACKAGES_LOCK. */
function readLock(root: string): Lock {
  for (let folder = root; ; folder = dirname(folder)) {
    const file = join(folder, "package-lock.json");
    if (existsSync(file)) return toLock(readFileSync(file, "utf8"), relative(folder, root).replaceAll("\\", "/"));
    const other = Object.entries(otherLockfiles).find(([name]) => existsSync(join(folder, name)));
    if (other) {
      const message = `"packages" are installed with npm from its lockfile, and this app has ${other[1]}'s ${other[0]}`;
      throw new UserError(
        "PACKAGES_LOCK",
        message,
        "Run npm install --package-lock-only, and keep package-lock.json beside the other.",
      );
    }
    if (folder === dirname(folder))
      throw new UserError(
        "PACKAGES_LOCK",
        `"packages" are installed from package-lock.json, and there is none`,
        "Run npm install.",
      );
  }
}

function toLock(text: string, from: string): Lock {
  const { packages } = JSON.parse(text) as { readonly packages?: Locked };
  if (packages) return { packages, from };
  throw new UserError(
    "PACKAGES_LOCK",
    "package-lock.json has the format of npm 6",
    "Run npm install with a newer npm, which rewrites it.",
  );
}

/** The packages to install for some names. */
export interface Closure {
  /** The contents of a package-lock.json. */
  readonly lock: { readonly lockfileVersion: 3; readonly requires: true; readonly packages: Locked };
  readonly dependencies: Readonly<Record<string, string>>;
  /** The install paths of each name with its dependencies. */
  readonly folders: ReadonlyMap<string, readonly string[]>;
}

/** Throws UserError PACKAGES_LOCK, also for a name that is not in the lockfile. */
export function closureOf(root: string, names: readonly string[]): Closure {
  const { packages, from } = readLock(root);
  const start = (name: string): string => {
    const found = resolvePath(packages, from, name);
    if (found === undefined)
      throw new UserError(
        "PACKAGES_LOCK",
        `"packages" names ${name}, which package-lock.json does not have`,
        `Run npm install ${name}.`,
      );
    if (packages[found]?.link)
      throw new UserError(
        "PACKAGES_LOCK",
        `"packages" names ${name}, which is a folder of this repository`,
        'Remove it from "packages": it can be bundled.',
      );
    return found;
  };
  const needed = new Map(names.map((name) => [name, dependencyPaths(packages, [start(name)], true)]));
  const required = dependencyPaths(packages, names.map(start), false);
  const all = [...new Set([...needed.values()].flatMap((paths) => [...paths]))].toSorted();
  const rebase = (path: string): string =>
    from !== "" && path.startsWith(`${from}/`) ? path.slice(from.length + 1) : path;
  const dependencies = Object.fromEntries(names.map((name) => [name, packages[start(name)]?.version ?? "*"]));
  const entries = all.map((path) => {
    const {
      dev: _,
      devOptional: __,
      optional: ___,
      peer: ____,
      ...entry
    } = packages[path] as LockedPackage & Record<string, unknown>;
    return [rebase(path), required.has(path) ? entry : { ...entry, optional: true }] as const;
  });
  return {
    lock: { lockfileVersion: 3, requires: true, packages: { "": { dependencies }, ...Object.fromEntries(entries) } },
    dependencies,
    folders: new Map([...needed].map(([name, paths]) => [name, [...paths].map(rebase)])),
  };
}

function dependencyPaths(packages: Locked, from: readonly string[], optional: boolean): ReadonlySet<string> {
  const found = new Set(from);
  for (const path of found) {
    const {
      dependencies = {},
      optionalDependencies = {},
      peerDependencies = {},
      peerDependenciesMeta = {},
    } = packages[path] ?? {};
    const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
    const required = [...Object.keys(dependencies), ...peers].filter(
      (name) => optional || !(name in optionalDependencies),
    );
    for (const name of [...required, ...(optional ? Object.keys(optionalDependencies) : [])]) {
      const next = resolvePath(packages, path, name);
      if (next !== undefined) found.add(next);
    }
  }
  return found;
}

/** The install path where Node resolves a package from a folder. */
function resolvePath(packages: Locked, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/")))) {
    const path = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[path] && !folder.endsWith("/node_modules")) return path;
    if (folder === "") return undefined;
  }
}
