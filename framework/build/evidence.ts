/** What a build hangs on: esbuild's metafiles in, the files that it read and the places where it found none out. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, parse, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Metafile } from "esbuild";
import { parse as parseJsonc } from "jsonc-parser";

/** Absolute paths. A build is the same while the files say the same and nothing is where nothing was. */
export interface Evidence {
  readonly files: ReadonlySet<string>;
  readonly absent: ReadonlySet<string>;
}

/** Collects while a build runs. */
export interface EvidenceCollector {
  /** @param folders of generated modules, by their keys, relative to the root; the root when absent */
  add(metafile: Metafile, folders?: ReadonlyMap<string, string>): void;
  /** Undefined where settings lead to what is not found: such a build is never taken for known. */
  end(): Evidence | undefined;
}

/** @param root absolute and real, as esbuild has it */
export function createEvidence(root: string): EvidenceCollector {
  const files = new Set<string>();
  const folders = new Set<string>([root]);
  const absent = new Set<string>();
  /** Specifiers that are no paths; a tsconfig.json may give them a place. */
  const names = new Set<string>();
  const look = (path: string): boolean => {
    if (existsSync(path)) return true;
    absent.add(path);
    return false;
  };
  const addImport = (folder: string, specifier: string): void => {
    if (isPath(specifier)) return places(resolve(folder, specifier)).forEach(look);
    names.add(specifier);
    lookForPackage(folder, specifier, look);
  };
  return {
    add({ inputs }, generated) {
      for (const [key, { imports }] of Object.entries(inputs)) {
        const path = toPath(root, key);
        const folder = path === undefined ? join(root, generated?.get(key) ?? "") : dirname(path);
        if (path !== undefined) {
          files.add(path);
          folders.add(folder);
        }
        for (const { original, external } of imports) {
          if (original !== undefined && !external && !isOurs(original)) addImport(folder, original);
        }
      }
    },
    end() {
      const settings = settingsFiles(folders, look);
      if (!settings) return undefined;
      for (const file of settings) for (const path of mapped(file, names)) places(path).forEach(look);
      return { files: new Set([...files, ...settings, ...ownFiles()]), absent };
    },
  };
}

const isPath = (specifier: string): boolean => /^\.{1,2}(?:\/|$)/.test(specifier) || isAbsolute(specifier);

const isOurs = (specifier: string): boolean => /^portico(?:[:/]|$)/.test(specifier);

/** esbuild's `resolveExtensions`, and what it tries for a name that ends in `.js`. */
const extensions = [".tsx", ".ts", ".jsx", ".js", ".css", ".json"];
const typed: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".jsx": [".ts", ".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};

/** Everything that a path may mean in an import; what of it is not there must stay away. */
function places(path: string): readonly string[] {
  const { dir, name, ext } = parse(path);
  return [
    path,
    ...extensions.map((extension) => path + extension),
    ...(typed[ext] ?? []).map((extension) => join(dir, name + extension)),
    ...extensions.map((extension) => join(path, `index${extension}`)),
  ];
}

/** Where a file is that a metafile names; undefined for generated modules. */
function toPath(root: string, key: string): string | undefined {
  const path = key.replace(/^\(disabled\):/, "").replace(/ with \{.*\}$/, "");
  return /^[a-z-]{2,}:/.test(path) ? undefined : resolve(root, path);
}

/** Looks from a folder upwards, as Node does, and ends where the package is. */
function lookForPackage(folder: string, specifier: string, look: (path: string) => boolean): void {
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
  for (let at = folder; !look(join(at, "node_modules", name)) && at !== dirname(at); at = dirname(at));
}

/** package.json and tsconfig.json of these folders and those above; undefined where a tsconfig extends what is not found. */
function settingsFiles(folders: ReadonlySet<string>, look: (path: string) => boolean): ReadonlySet<string> | undefined {
  const found = new Set<string>();
  const all = new Set(folders);
  for (const folder of all) {
    all.add(dirname(folder));
    for (const name of ["package.json", "tsconfig.json", "jsconfig.json"]) if (look(join(folder, name))) found.add(join(folder, name));
  }
  for (const file of found) {
    for (const base of isTsconfig(file) ? extended(file) : []) {
      if (base === undefined) return undefined;
      found.add(base);
    }
  }
  return found;
}

function extended(file: string): readonly (string | undefined)[] {
  return [member(readSettings(file), "extends") ?? []].flat().map((name) => {
    if (typeof name !== "string") return undefined;
    const start = isPath(name) ? [resolve(dirname(file), name)] : above(dirname(file), name);
    return start
      .flatMap((path) => [path, `${path}.json`, join(path, "tsconfig.json")])
      .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  });
}

const above = (folder: string, name: string): readonly string[] => [
  join(folder, "node_modules", name),
  ...(folder === dirname(folder) ? [] : above(dirname(folder), name)),
];

/** Where `paths` and `baseUrl` of a tsconfig.json may lead with these names. */
function mapped(file: string, names: ReadonlySet<string>): readonly string[] {
  const options = isTsconfig(file) ? member(readSettings(file), "compilerOptions") : undefined;
  const [baseUrl, paths] = [member(options, "baseUrl"), member(options, "paths")];
  const base = resolve(dirname(file), typeof baseUrl === "string" ? baseUrl : "");
  const patterns = Object.entries(paths && typeof paths === "object" ? paths : {});
  return [...names].flatMap((name) => [
    ...(baseUrl === undefined ? [] : [join(base, name)]),
    ...patterns.flatMap(([pattern, targets]) => {
      const [start = "", end] = pattern.split("*");
      if (end === undefined ? name !== pattern : !(name.startsWith(start) && name.endsWith(end))) return [];
      const rest = name.slice(start.length, end === undefined ? undefined : name.length - end.length);
      return [targets].flat().map((target) =>
        resolve(
          base,
          String(target).replace("*", () => rest),
        ),
      );
    }),
  ]);
}

const isTsconfig = (file: string): boolean => /[jt]sconfig[^/\\]*$/.test(file);

const readSettings = (file: string): unknown => parseJsonc(readFileSync(file, "utf8"));

const member = (value: unknown, name: string): unknown =>
  value && typeof value === "object" ? (value as Readonly<Record<string, unknown>>)[name] : undefined;

/** Portico's own code that decides what a build is; in the package, the first folder is in the files of the second (.ci/build.ts). */
function ownFiles(): readonly string[] {
  return ["build", "cli", "light", "model", "runtime"].flatMap((name) => {
    const folder = fileURLToPath(new URL(`../${name}/`, import.meta.url));
    const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
    return entries.filter((entry) => entry.isFile()).map((entry) => join(folder, entry.name));
  });
}
