/** The build cache: what the last build of a target read and wrote, and which parts of it are still up to date. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BuiltFunction } from "../../model/manifest.ts";
import type { BuildInputs, BuildInputCollector } from "./build-inputs.ts";
import { fileState } from "./file-state.ts";
import { type BuildCacheFile, readCacheFile, type FunctionRecord, writeCacheFile } from "./build-cache-file.ts";

/** The identity of a build in the cache. */
export interface BuildCacheKey {
  /** Absolute path of the cache file. */
  readonly file: string;
  /** Everything that determines the build except files, as one text. */
  readonly options: string;
  /** Absolute path of the folder that is written. */
  readonly out: string;
}

/** A function that need not be bundled again. */
export interface CachedFunction {
  readonly fn: BuiltFunction;
  readonly warnings: readonly string[];
  /** Names of its output files, each with its file state. */
  readonly outputs: ReadonlyMap<string, string>;
}

/** The parts of the last build that are still up to date. Each file is checked once, on demand. */
export interface BuildCache {
  /** The last build's warnings, if nothing changed and nothing has to be built. */
  readonly warnings: readonly string[] | undefined;
  /** The names that a file exports. @param path absolute */
  exportsOf(path: string): readonly string[] | undefined;
  /**
   * @param options everything that determines the function except files, as one text
   * @param inputs receives the absent paths that the function depends on
   */
  functionOf(id: string, options: string, inputs: Pick<BuildInputCollector, "reuse">): CachedFunction | undefined;
  /** The content hash of a file in this state. */
  hashOf(path: string, state: string): string | undefined;
  /** Absolute paths of the files that a function was bundled from. */
  filesOf(id: string): readonly string[];
}

const emptyCache: BuildCache = {
  warnings: undefined,
  exportsOf: () => undefined,
  functionOf: () => undefined,
  hashOf: () => undefined,
  filesOf: () => [],
};

/**
 * Empty where the cache file is missing, broken or of another build, and after a change of Portico's own code. Never
 * throws for the file's content.
 */
export function readBuildCache(key: BuildCacheKey): BuildCache {
  const cached = readCacheFile(key.file);
  if (!cached || cached.out !== key.out) return emptyCache;
  const check = createFileChecks(cached);
  if (!cached.portico.every(check.isSame) || cached.generated.some(check.exists)) return emptyCache;
  const states = new Map(cached.outputs);
  const isWritten = (name: string): boolean => fileState(join(cached.out, name)) === states.get(name);
  const functions = new Map(cached.functions.map((record) => [record.fn.id, record]));
  const numbers = new Map(cached.files.map(([path], index) => [cached.paths[path], index]));
  const isUnchanged = (): boolean =>
    cached.isComplete &&
    cached.options === digest(key.options) &&
    cached.files.every((_, index) => check.isFresh(index)) &&
    cached.outputs.every(([name]) => isWritten(name)) &&
    countFiles(cached.out) === cached.outputs.length;
  const exports = new Map(cached.exports);
  return {
    warnings: isUnchanged() ? cached.warnings : undefined,
    exportsOf(path) {
      const index = numbers.get(path);
      return index !== undefined && check.isSame(index) ? exports.get(index) : undefined;
    },
    functionOf(id, options, inputs) {
      const record = functions.get(id);
      if (!record || record.options !== digest(options)) return undefined;
      if (!record.files.every(check.isFresh) || !record.outputs.every(isWritten)) return undefined;
      inputs.reuse(...absentPathsOf(cached, record));
      return {
        fn: record.fn,
        warnings: record.warnings,
        outputs: new Map(record.outputs.map((name) => [name, states.get(name) ?? ""])),
      };
    },
    hashOf(path, state) {
      const [, hash, cachedState] = cached.files[numbers.get(path) ?? -1] ?? [];
      return cachedState === state ? hash : undefined;
    },
    filesOf: (id) => (functions.get(id)?.files ?? []).map((index) => cached.paths[cached.files[index]![0]]!),
  };
}

/** Checks of files against the cache, each made once. */
function createFileChecks({ paths, files, folders }: BuildCacheFile) {
  const memoize = <T>(count: number, find: (index: number) => T): ((index: number) => T) => {
    const found: (T | undefined)[] = Array.from({ length: count });
    return (index) => (found[index] ??= find(index));
  };
  const exists = memoize(paths.length, (index) => existsSync(paths[index]!));
  const isSame = memoize(files.length, (index) => {
    const [path, hash, state] = files[index]!;
    return fileState(paths[path]!) === state || hashOf(paths[path]!) === hash;
  });
  const byFolder = new Map(folders.map(([folder, settings, absent]) => [paths[folder], [settings, absent] as const]));
  const checkedFolders = new Map<string, boolean>();
  const hasSameSettings = (folder: string): boolean => {
    const [settings, absent] = byFolder.get(folder) ?? [[], []];
    const isSameFolder = checkedFolders.get(folder) ?? (settings.every(isSame) && !absent.some(exists));
    checkedFolders.set(folder, isSameFolder);
    return isSameFolder;
  };
  /** The file has the same content, its imports resolve to the same files, and the same settings apply to it. */
  const isFresh = memoize(files.length, (index) => {
    const [path, , , absent] = files[index]!;
    return isSame(index) && !absent.some(exists) && hasSameSettings(dirname(paths[path]!));
  });
  return { exists, isSame, isFresh };
}

/** The absent paths of a function's files and of their folders. */
function absentPathsOf(
  { paths, files, folders }: BuildCacheFile,
  fn: FunctionRecord,
): Parameters<BuildInputCollector["reuse"]> {
  const named = (indexes: readonly number[]): readonly string[] => indexes.map((index) => paths[index]!);
  const own = new Map(fn.files.map((index) => [paths[files[index]![0]]!, named(files[index]![3])]));
  const ownFolders = new Set([...own.keys()].map(dirname));
  const byFolder = folders.flatMap(([folder, , absent]) =>
    ownFolders.has(paths[folder]!) ? [[paths[folder]!, named(absent)] as const] : [],
  );
  return [own, new Map(byFolder)];
}

/** The facts of a completed build that the cache stores. */
export interface CompletedBuild {
  readonly inputs: BuildInputs;
  readonly warnings: readonly string[];
  readonly exports: ReadonlyMap<string, readonly string[]>;
  readonly functions: readonly (Omit<FunctionRecord, "files"> & { readonly files: readonly string[] })[];
  /** Names of the output files. */
  readonly names: Iterable<string>;
  /** Time when the build began, milliseconds since the epoch. */
  readonly started: number;
}

/** Milliseconds; file systems round times to a clock tick of up to 10 ms. */
const clockTolerance = 20;

/**
 * Leaves out files that changed during the build, since it is unknown which state was read, and all that depends on
 * them.
 * @param previous the cache that hashes of unchanged files are taken from
 */
export function writeBuildCache(
  { file, options, out }: BuildCacheKey,
  built: CompletedBuild,
  previous: Pick<BuildCache, "hashOf">,
): void {
  const { inputs } = built;
  const paths = createIndex<string>();
  const files = createIndex<string>();
  const rows: BuildCacheFile["files"][number][] = [];
  const settings = [...inputs.folders.values()].flatMap(({ files: settingsFiles }) => settingsFiles);
  const changed = new Set<string>();
  for (const path of new Set([...inputs.files.keys(), ...settings, ...inputs.portico])) {
    const state = fileState(path);
    const hash = changedSince(path, built.started) ? undefined : (previous.hashOf(path, state) ?? hashOf(path));
    if (hash === undefined) changed.add(path);
    else if (files.of(path) === rows.length)
      rows.push([paths.of(path), hash, state, (inputs.files.get(path) ?? []).map(paths.of)]);
  }
  if (inputs.portico.some((path) => changed.has(path))) return;
  const folders = [...inputs.folders].filter(([, settings]) => !settings.files.some((path) => changed.has(path)));
  const unchangedFolders = new Set(folders.map(([folder]) => folder));
  const isUnchanged = (path: string): boolean => !changed.has(path) && unchangedFolders.has(dirname(path));
  writeCacheFile(file, {
    schemaVersion: 3,
    options: digest(options),
    out,
    warnings: built.warnings,
    isComplete: [...inputs.files.keys()].every(isUnchanged),
    folders: folders.map(([folder, settings]) => [
      paths.of(folder),
      settings.files.map(files.of),
      settings.absent.map(paths.of),
    ]),
    generated: inputs.generated.map(paths.of),
    portico: inputs.portico.map(files.of),
    exports: [...built.exports].flatMap(([path, names]) =>
      inputs.files.has(path) && isUnchanged(path) ? [[files.of(path), names] as const] : [],
    ),
    functions: built.functions
      .filter((fn) => fn.files.every(isUnchanged))
      .map((fn) => ({ ...fn, options: digest(fn.options), files: fn.files.map(files.of) })),
    outputs: [...built.names].map((name) => [name, fileState(join(out, name))]),
    files: rows,
    // Last, since everything above adds paths.
    paths: paths.all(),
  });
}

/** Assigns indexes to values in the order in which they come. */
function createIndex<T>(): { of(value: T): number; all(): readonly T[] } {
  const numbers = new Map<T, number>();
  return {
    of: (value) => {
      const index = numbers.get(value) ?? numbers.size;
      numbers.set(value, index);
      return index;
    },
    all: () => [...numbers.keys()],
  };
}

const changedSince = (path: string, started: number): boolean => {
  const found = statSync(path, { throwIfNoEntry: false });
  return !found || found.ctimeMs > started - clockTolerance;
};

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

function hashOf(path: string): string | undefined {
  try {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch {
    return undefined;
  }
}

const countFiles = (folder: string): number =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory()).length
    : 0;
