/** The build cache's JSON file: its shape, validation, and atomic replacement. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { BuiltFunction } from "../../model/manifest.ts";
import { temporaryPath, removeOrphans } from "../temporary-files.ts";

/**
 * A state is the text of `fileState`; the hash is compared where the state differs. Numbers are indexes in `paths` or
 * `files`.
 */
export interface BuildCacheFile {
  readonly schemaVersion: 3;
  readonly options: string;
  readonly out: string;
  /** False where files were left out because they changed during the build. */
  readonly isComplete: boolean;
  readonly warnings: readonly string[];
  readonly paths: readonly string[];
  readonly files: readonly (readonly [path: number, hash: string, state: string, absent: readonly number[]])[];
  /** Settings files by folder, and paths where there are none. */
  readonly folders: readonly (readonly [folder: number, files: readonly number[], absent: readonly number[]])[];
  readonly generated: readonly number[];
  readonly portico: readonly number[];
  /** The names that files export. */
  readonly exports: readonly (readonly [file: number, names: readonly string[]])[];
  readonly functions: readonly FunctionRecord[];
  readonly outputs: readonly (readonly [name: string, state: string])[];
}

/** A function of the last build. */
export interface FunctionRecord {
  readonly options: string;
  readonly files: readonly number[];
  /** Names of its output files. */
  readonly outputs: readonly string[];
  readonly warnings: readonly string[];
  readonly fn: BuiltFunction;
}

/** Undefined without a valid file. Never throws for its content. */
export function readCacheFile(file: string): BuildCacheFile | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isCacheFile(content) ? content : undefined;
  } catch {
    // Missing, truncated or foreign: the build runs and writes a new one.
    return undefined;
  }
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const rowOf =
  (...checks: readonly Check[]): Check =>
  (value) =>
    Array.isArray(value) && value.length === checks.length && checks.every((check, index) => check(value[index]));
const recordOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(checks).every(([name, check]) => check((value as Readonly<Record<string, unknown>>)[name]));
/** An index of a list. */
const indexOf =
  ({ length }: readonly unknown[]): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) < length;
/** A normalised path below a folder. */
const isName: Check = (value) =>
  isText(value) && !/^(?:\/|[A-Za-z]:)|\\|\0|(?:^|\/)\.{0,2}(?:\/|$)/.test(value as string);

function isCacheFile(value: unknown): value is BuildCacheFile {
  const lists = recordOf({
    schemaVersion: (version) => version === 3,
    paths: listOf(isText),
    files: listOf(Array.isArray),
  });
  if (!lists(value)) return false;
  const { paths, files } = value as BuildCacheFile;
  const [path, file] = [indexOf(paths), indexOf(files)];
  const isFunction = recordOf({
    options: isText,
    files: listOf(file),
    outputs: listOf(isName),
    warnings: listOf(isText),
    fn: recordOf({ id: isText, hash: isText, main: isName }),
  });
  return recordOf({
    options: isText,
    out: isText,
    isComplete: (flag) => typeof flag === "boolean",
    warnings: listOf(isText),
    files: listOf(rowOf(path, isText, isText, listOf(path))),
    folders: listOf(rowOf(path, listOf(file), listOf(path))),
    generated: listOf(path),
    portico: listOf(file),
    exports: listOf(rowOf(file, listOf(isText))),
    functions: listOf(isFunction),
    outputs: listOf(rowOf(isName, isText)),
  })(value);
}

/**
 * Replaces the file atomically. A folder that cannot be written is ignored: the next build is then a full one.
 */
export function writeCacheFile(file: string, content: BuildCacheFile): void {
  const draft = temporaryPath(file);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(draft, JSON.stringify(content));
    renameSync(draft, file);
    removeOrphans(file);
  } catch (error) {
    if (
      !["EACCES", "EROFS", "ENOSPC", "EPERM", "EEXIST", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")
    )
      throw error;
  }
}

/** Removes the cache before its build's output is replaced. */
export function removeBuildCache(file: string): void {
  if (existsSync(file)) rmSync(file);
}
