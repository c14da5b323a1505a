/** Remembers the last build of something: what it hung on and what it wrote in; whether all of that is still so out. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Evidence } from "./evidence.ts";
import { besides, removeLeftovers } from "./leftovers.ts";

/** What the memory is about. */
export interface BuildQuestion {
  /** Absolute path of the memory's file. */
  readonly file: string;
  /** Everything that is given to a build beside files, as one text. */
  readonly given: string;
  /** Absolute path of the folder that was written; where it is known by what was written only, the folder above it. */
  readonly out: string;
}

/** A build that need not be made again. */
export interface KnownBuild {
  /** Absolute path of the folder that was written. */
  readonly out: string;
  readonly warnings: readonly string[];
  /** What else was to be remembered, as it was read from a file. */
  readonly more: unknown;
}

/** The file. A state is what `stat` says; a hash is asked when it says something else. */
interface Memory {
  readonly schemaVersion: 1;
  readonly given: string;
  readonly out: string;
  readonly warnings: readonly string[];
  readonly inputs: readonly (readonly [path: string, hash: string, state: string])[];
  readonly absent: readonly string[];
  readonly outputs: readonly (readonly [name: string, state: string])[];
  readonly more?: unknown;
}

/** Undefined when anything is not as it was, or the memory is missing, broken or another version's. Never throws for what is in it. */
export function recall(question: BuildQuestion): KnownBuild | undefined {
  const memory = read(question.file);
  if (!memory || memory.given !== digest(question.given)) return undefined;
  const { out, warnings, more } = memory;
  if (out !== question.out && dirname(out) !== question.out) return undefined;
  if (memory.absent.some((path) => existsSync(path))) return undefined;
  if (!memory.inputs.every(([path, hash, state]) => stateOf(path) === state || hashOf(path) === hash)) return undefined;
  if (!memory.outputs.every(([name, state]) => stateOf(join(out, name)) === state)) return undefined;
  return countFiles(out) === memory.outputs.length ? { out, warnings, more } : undefined;
}

/**
 * Nothing is remembered of a build during which a file changed: which state it read is not known.
 * @param names of the files written @param started milliseconds of the clock when the build began
 */
export function remember(
  { file, given, out }: BuildQuestion,
  evidence: Evidence,
  built: { readonly names: Iterable<string>; readonly warnings: readonly string[]; readonly started: number; readonly more?: unknown },
): void {
  const inputs: [string, string, string][] = [];
  for (const path of evidence.files) {
    const hash = hashOf(path);
    if (hash === undefined || statSync(path).ctimeMs > built.started - clockStep) return forget(file);
    inputs.push([path, hash, stateOf(path)]);
  }
  const memory: Memory = {
    schemaVersion: 1,
    given: digest(given),
    out,
    warnings: built.warnings,
    inputs,
    absent: [...evidence.absent],
    outputs: [...built.names].map((name) => [name, stateOf(join(out, name))]),
    ...(built.more !== undefined && { more: built.more }),
  };
  write(file, JSON.stringify(memory));
}

/** What a build wrote is no longer what is remembered. */
export function forget(file: string): void {
  if (existsSync(file)) rmSync(file);
}

/** File systems date changes by the tick of a clock, up to 10 ms long. */
const clockStep = 20;

function read(file: string): Memory | undefined {
  try {
    const memory: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isMemory(memory) ? memory : undefined;
  } catch {
    // Missing, cut off or somebody else's: the build is made, and writes a new one.
    return undefined;
  }
}

function isMemory(value: unknown): value is Memory {
  if (typeof value !== "object" || value === null) return false;
  const { schemaVersion, given, out, warnings, inputs, absent, outputs } = value as Readonly<Record<string, unknown>>;
  return (
    schemaVersion === 1 && areTexts([given, out]) && areTexts(warnings) && areTexts(absent) && areRows(inputs, 3) && areRows(outputs, 2)
  );
}

const areTexts = (list: unknown): boolean => Array.isArray(list) && list.every((item) => typeof item === "string");

const areRows = (list: unknown, columns: number): boolean =>
  Array.isArray(list) && list.every((row: unknown) => Array.isArray(row) && row.length === columns && areTexts(row));

/** A reader finds the old file or the new one, whenever this process ends. A folder that cannot be written only costs the next build its time. */
function write(file: string, text: string): void {
  const fresh = besides(file);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(fresh, text);
    renameSync(fresh, file);
    removeLeftovers(file);
  } catch (error) {
    if (!["EACCES", "EROFS", "ENOSPC", "EPERM", "EEXIST", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

function hashOf(path: string): string | undefined {
  try {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch {
    return undefined;
  }
}

/** Empty for what is not there. */
function stateOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found?.isFile() ? [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join() : "";
}

const countFiles = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory()).length;
