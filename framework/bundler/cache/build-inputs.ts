/**
 * The inputs that determine a build's result: files that were read, their settings, and paths where no file was found.
 */
import { existsSync, readdirSync } from "node:fs";
import { dirname, isAbsolute, join, parse, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Metafile } from "esbuild";
import { extendedConfigs, member, readSettings } from "../tsconfig.ts";

/** Absolute paths. A build is up to date while the files have the same contents and the absent paths stay absent. */
export interface BuildInputs {
  /** Files that were read, each with the paths where its imports were looked for and not found. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** Their folders, each with its settings files. */
  readonly folders: ReadonlyMap<string, FolderSettings>;
  /** Paths where imports of generated modules were not found. */
  readonly generated: readonly string[];
  /** Portico's own code. */
  readonly portico: readonly string[];
}

/** The package.json and tsconfig.json files that apply to a folder, with those that they extend, and absent ones. */
export interface FolderSettings {
  readonly files: readonly string[];
  readonly absent: readonly string[];
}

/** Collects the inputs while a build runs. */
export interface BuildInputCollector {
  add(metafile: Metafile): void;
  /** The absolute paths of these inputs. */
  pathsOf(keys: Iterable<string>): readonly string[];
  /** Adds absent paths of an earlier build, by file and by folder, for files that this build does not read. */
  reuse(files: BuildInputs["files"], folders: BuildInputs["files"]): void;
  /** Undefined where a tsconfig.json extends a missing file: such a build is not cached. */
  end(): BuildInputs | undefined;
}

/** @param root absolute real path */
export function createInputCollector(root: string): BuildInputCollector {
  const files = new Map<string, readonly string[]>();
  const generated = new Set<string>();
  const seen = new Set<string>();
  const paths = new Map<string, string | undefined>();
  const pathOf = (key: string): string | undefined => {
    if (!paths.has(key)) paths.set(key, toPath(root, key));
    return paths.get(key);
  };
  /** Absent paths of an earlier build, by folder. */
  const reused = new Map<string, readonly string[]>();
  /** Specifiers that are not paths; `paths` in a tsconfig.json may map them. */
  const names = new Set<string>();
  const absentFor = (folder: string, { imports }: Metafile["inputs"][string], absentPackages: AbsentPackages) => {
    const originals = imports.flatMap(({ original, external }) =>
      original === undefined || external || isPortico(original) ? [] : original,
    );
    for (const original of originals) if (!isPath(original)) names.add(original);
    const absent = originals.flatMap((original) => {
      if (!isPath(original)) return absentPackages(folder, original);
      // A package's own files come and go with its package.json.
      return isInPackages(folder) ? [] : pathCandidates(resolve(folder, original)).filter((path) => !existsSync(path));
    });
    return [...new Set(absent)];
  };
  return {
    add({ inputs }) {
      const absentPackages = findAbsentPackages();
      for (const [key, input] of Object.entries(inputs)) {
        if (seen.has(key)) continue;
        seen.add(key);
        const path = pathOf(key);
        if (path === undefined) for (const absent of absentFor(root, input, absentPackages)) generated.add(absent);
        else files.set(path, [...(files.get(path) ?? []), ...absentFor(dirname(path), input, absentPackages)]);
      }
    },
    pathsOf: (keys) => [...new Set([...keys].flatMap((key) => pathOf(key) ?? []))],
    reuse(fileEntries, folders) {
      for (const [path, absent] of fileEntries) if (!files.has(path)) files.set(path, absent);
      for (const [folder, absent] of folders) reused.set(folder, absent);
    },
    end() {
      const find = createSettings(names);
      const folders = new Map<string, FolderSettings>();
      for (const folder of new Set([root, ...[...files.keys()].map(dirname)])) {
        const settings = find(folder);
        if (!settings) return undefined;
        folders.set(folder, { ...settings, absent: [...new Set([...settings.absent, ...(reused.get(folder) ?? [])])] });
      }
      return { files, folders, generated: [...generated], portico: porticoFiles() };
    },
  };
}

const isPath = (specifier: string): boolean => /^\.{1,2}(?:\/|$)/.test(specifier) || isAbsolute(specifier);

const isPortico = (specifier: string): boolean => /^portico(?:[:/]|$)/.test(specifier);

/** esbuild's default `resolveExtensions`, and the TypeScript extensions that it tries for a name that ends in `.js`. */
const extensions = [".tsx", ".ts", ".jsx", ".js", ".css", ".json"];
const typescriptExtensions: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".jsx": [".ts", ".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};

/** Every file that an import of this path may resolve to. */
function pathCandidates(path: string): readonly string[] {
  const { dir, name, ext } = parse(path);
  return [
    path,
    ...extensions.map((extension) => path + extension),
    ...(typescriptExtensions[ext] ?? []).map((extension) => join(dir, name + extension)),
    ...extensions.map((extension) => join(path, `index${extension}`)),
  ];
}

/** The absolute path of an input in a metafile; undefined for generated modules. */
function toPath(root: string, key: string): string | undefined {
  const path = key.replace(/^\(disabled\):/, "").replace(/ with \{.*\}$/, "");
  return /^[a-z-]{2,}:/.test(path) ? undefined : resolve(root, path);
}

type AbsentPackages = (folder: string, specifier: string) => readonly string[];

/**
 * Finds the folders where Node looks for a package and finds none, from a folder upwards to where it is installed. Many
 * files of a folder import the same package.
 */
function findAbsentPackages(): AbsentPackages {
  const known = new Map<string, readonly string[]>();
  const find = (folder: string, name: string): readonly string[] => {
    const path = join(folder, "node_modules", name);
    const absent = known.get(path) ?? (existsSync(path) ? [] : [path, ...above(folder, name)]);
    known.set(path, absent);
    return absent;
  };
  const above = (folder: string, name: string): readonly string[] =>
    folder === dirname(folder) ? [] : find(dirname(folder), name);
  return (folder, specifier) => find(folder, /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
}

/**
 * Finds the settings files of folders; undefined where a tsconfig.json extends a missing file.
 * @param names specifiers that `paths` may map
 */
function createSettings(names: ReadonlySet<string>): (folder: string) => FolderSettings | undefined {
  const known = new Map<string, FolderSettings | undefined>();
  const find = (folder: string): FolderSettings | undefined => {
    if (known.has(folder)) return known.get(folder);
    const above = folder === dirname(folder) ? { files: [], absent: [] } : find(dirname(folder));
    const own = above && settingsIn(folder, names);
    const settings = own && { files: [...own.files, ...above.files], absent: [...own.absent, ...above.absent] };
    known.set(folder, settings);
    return settings;
  };
  return find;
}

function settingsIn(folder: string, specifiers: ReadonlySet<string>): FolderSettings | undefined {
  // esbuild reads no tsconfig.json of a package. Many packages ship one that extends a file which they do not ship.
  const names = isInPackages(folder) ? ["package.json"] : ["package.json", "tsconfig.json", "jsconfig.json"];
  const candidates = names.map((name) => join(folder, name));
  const files = new Set(candidates.filter((path) => existsSync(path)));
  for (const file of files) {
    for (const base of isTsconfig(file) ? extendedConfigs(file) : []) {
      if (base === undefined) return undefined;
      files.add(base);
    }
  }
  const mapped = [...files].flatMap((file) => mappedPaths(file, specifiers)).flatMap(pathCandidates);
  return { files: [...files], absent: [...candidates, ...mapped].filter((path) => !existsSync(path)) };
}

/** The paths that `paths` and `baseUrl` of a tsconfig.json give these specifiers. */
function mappedPaths(file: string, names: ReadonlySet<string>): readonly string[] {
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

const isInPackages = (folder: string): boolean => /(?:^|[/\\])node_modules(?:[/\\]|$)/.test(folder);

const isTsconfig = (file: string): boolean => /[jt]sconfig[^/\\]*$/.test(file);

/**
 * Portico's own code that a build depends on. In the published package, framework/bundler is part of the bundled files
 * in framework/cli (.ci/build.ts).
 */
function porticoFiles(): readonly string[] {
  return ["bundler", "cli", "features", "model", "runtime", "web-classes"].flatMap((name) => {
    const folder = fileURLToPath(new URL(`../../${name}/`, import.meta.url));
    const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true, recursive: true }) : [];
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  });
}
