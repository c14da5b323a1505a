/** Maps a failure back to the user's TypeScript: a bundle's stack in, the mapped stack and the failing lines out. */
import { readFile } from "node:fs/promises";
import { SourceMap, type SourceMapPayload } from "node:module";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Failure, LoadedFunction } from "../model/invocation.ts";

/** One line of an excerpt. */
export interface ExcerptLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  readonly failing: boolean;
}

/** Where the user's code failed. */
export interface SourceFrame {
  /** Relative to the app's root where it is inside, else absolute; "/" on every system. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Up to five lines before and after; empty when the source cannot be had. */
  readonly excerpt: readonly ExcerptLine[];
}

/** A failure as people can read it. */
export interface MappedFailure {
  readonly name: string;
  readonly message: string;
  /** With the files and lines of the sources. */
  readonly stack: string;
  /** The first frame in the user's own code, else the first that could be mapped. */
  readonly frame?: SourceFrame;
}

/** How many lines an excerpt has before and after the failing one. */
const around = 5;

/** This package's own sources are not where a user made a mistake. */
const ownFolder = dirname(import.meta.dirname) + sep;

/** A place in a source file, its path absolute. */
interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The source's text as the map carries it. */
  readonly content?: string;
}

/**
 * Reads the one map beside the function's module and no other. Without a map, or with one that cannot be read, the stack stays as
 * it is: an error page must come out of every failure.
 * @param root absolute path of the app
 */
export async function mapFailure(failure: Failure, fn: Pick<LoadedFunction, "directory" | "main">, root: string): Promise<MappedFailure> {
  const { name, message } = failure;
  const payload = await readMap(join(fn.directory, `${fn.main}.map`));
  if (!payload) return { name, message, stack: failure.stack };
  const find = finder(payload, fn.directory);
  const places: Place[] = [];
  const lines = failure.stack.split("\n").map((line) => {
    const at = parseFrame(line, fn.main);
    const place = at && find(at.line, at.column);
    if (!place) return line;
    places.push(place);
    const where = `${shown(place.file, root)}:${place.line}:${place.column}`;
    return at.call ? `${at.indent}at ${at.call} (${where})` : `${at.indent}at ${where}`;
  });
  const place = places.find(({ file }) => isUsers(file, root)) ?? places[0];
  return { name, message, stack: lines.join("\n"), ...(place && { frame: await toFrame(place, root) }) };
}

/** The excerpt as text, the failing line marked and a caret below it: for terminals and JSON. */
export function frameText({ excerpt, column }: Pick<SourceFrame, "excerpt" | "column">): string {
  const width = String(excerpt.at(-1)?.number ?? 0).length;
  return excerpt
    .flatMap(({ number, text, failing }) => {
      const line = `${failing ? ">" : " "} ${String(number).padStart(width)} | ${text}`;
      if (!failing) return [line];
      // Tabs stay tabs, so that the caret stands under its character.
      const before = text.slice(0, column - 1).replace(/[^\t]/g, " ");
      return [line, `  ${" ".repeat(width)} | ${before}^`];
    })
    .join("\n");
}

async function readMap(file: string): Promise<SourceMapPayload | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as SourceMapPayload;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** One line of a V8 stack, when it is in the function's module: `    at call (file:///…/index.mjs?hash:1:2)`. */
function parseFrame(line: string, main: string): { indent: string; call: string; line: number; column: number } | undefined {
  const [, indent = "", text = ""] = /^(\s*)at (.*)$/.exec(line) ?? [];
  const [, call = "", location = ""] = /^(.*?) ?\((.*)\)$/.exec(text) ?? [undefined, "", text];
  const [, file = "", row, column] = /^(?:async )?(.*?)(?:\?[^:]*)?:(\d+):(\d+)$/.exec(location) ?? [];
  if (row === undefined || basename(file) !== main) return undefined;
  return { indent, call, line: Number(row), column: Number(column) };
}

/** Looks generated places (from 1) up; a source's path is relative to the map's folder, as the source map format has it. */
function finder(payload: SourceMapPayload, directory: string): (line: number, column: number) => Place | undefined {
  const map = new SourceMap(payload);
  return (line, column) => {
    const entry = map.findEntry(line - 1, column - 1);
    if (!("originalSource" in entry) || entry.originalSource === undefined) return undefined;
    const source = entry.originalSource;
    const index = payload.sources.indexOf(source);
    const content = payload.sourcesContent?.[index];
    return {
      file: resolvedSource(source, payload.sourceRoot, directory),
      line: entry.originalLine + 1,
      column: entry.originalColumn + 1,
      ...(content != null && { content }),
    };
  };
}

function resolvedSource(source: string, sourceRoot: string | undefined, directory: string): string {
  if (source.startsWith("file:")) return fileURLToPath(source);
  return resolve(directory, sourceRoot ?? "", source);
}

function isInside(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path !== "" && path.split(sep)[0] !== ".." && !isAbsolute(path);
}

const isUsers = (file: string, root: string): boolean =>
  isInside(root, file) && !file.startsWith(ownFolder) && !file.split(sep).includes("node_modules");

const shown = (file: string, root: string): string => (isInside(root, file) ? relative(root, file) : file).replaceAll(sep, "/");

async function toFrame(place: Place, root: string): Promise<SourceFrame> {
  const { file, line, column } = place;
  const content = place.content ?? (await readSource(file, root));
  const lines = content?.split(/\r?\n/) ?? [];
  const first = Math.max(1, line - around);
  const excerpt = lines.slice(first - 1, line + around).map((text, index) => ({ number: first + index, text, failing: first + index === line }));
  return { file: shown(file, root), line, column, excerpt };
}

/** Only for maps without sourcesContent, and only inside the app. */
async function readSource(file: string, root: string): Promise<string | undefined> {
  if (!isInside(root, file)) return undefined;
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
