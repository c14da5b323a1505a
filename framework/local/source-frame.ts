/** Maps a failure back to the user's TypeScript: a bundle's stack in, the mapped stack and the failing lines out. */
import { readFile } from "node:fs/promises";
import { SourceMap, type SourceMapPayload } from "node:module";
import { basename, isAbsolute, join, relative, resolve, sep } from "node:path";
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

/** Sources where no user made a mistake: packages, the runtime and the light web classes, and the entry that the build wrote. */
const foreign = /(?:^|\/)node_modules\/|^portico\/(?:runtime|light|entry|function)\//;

/** A place in a source file. */
interface Place {
  /** As the map names it: relative to the app's root, as the build writes all maps (build/options.ts). */
  readonly source: string;
  readonly line: number;
  readonly column: number;
  /** The source's text as the map carries it. */
  readonly content?: string;
}

/**
 * Reads the one map beside the function's module and no other. Without a map, or with one that cannot be read, the stack stays as
 * it is: an error page must come out of every failure.
 * @param root absolute path of the app's root
 */
export async function mapFailure(failure: Failure, fn: Pick<LoadedFunction, "directory" | "main">, root: string): Promise<MappedFailure> {
  const { name, message } = failure;
  const payload = await readMap(join(fn.directory, `${fn.main}.map`));
  if (!payload) return { name, message, stack: failure.stack };
  const find = finder(payload, fn);
  const places: Place[] = [];
  const lines = failure.stack.split("\n").map((line) => {
    const at = parseFrame(line);
    const place = at && find(at);
    if (!place) return line;
    places.push(place);
    const where = `${shown(place.source, root)}:${place.line}:${place.column}`;
    return at.call ? `${at.indent}at ${at.call} (${where})` : `${at.indent}at ${where}`;
  });
  const place = places.find(({ source }) => !foreign.test(source)) ?? places[0];
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

/** One line of a V8 stack. */
interface StackLine {
  readonly indent: string;
  /** `first`, `async GET`; empty for an anonymous function. */
  readonly call: string;
  /** A path or URL. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `    at call (file:///…/index.mjs?hash:1:2)`, or the same without a call and its parentheses. */
function parseFrame(text: string): StackLine | undefined {
  const [, indent = "", rest = ""] = /^(\s*)at (.*)$/.exec(text) ?? [];
  const [, call = "", location = ""] = /^(.*?) ?\((.*)\)$/.exec(rest) ?? [undefined, "", rest];
  const [, file = "", line, column] = /^(?:async )?(.*?)(?:\?[^:]*)?:(\d+):(\d+)$/.exec(location) ?? [];
  return line === undefined ? undefined : { indent, call, file, line: Number(line), column: Number(column) };
}

/** Looks a frame of the function's module up. */
function finder(
  payload: SourceMapPayload,
  { directory, main }: Pick<LoadedFunction, "directory" | "main">,
): (frame: StackLine) => Place | undefined {
  const map = new SourceMap(payload);
  const toPlace = (source: string, line: number, column: number): Place => {
    const content = payload.sourcesContent?.[payload.sources.indexOf(source)];
    return { source, line, column, ...(content != null && { content }) };
  };
  return ({ file, line, column }) => {
    const path = file.startsWith("file:") ? fileURLToPath(file) : file;
    if (basename(path) !== main) {
      // Under --enable-source-maps Node has mapped it already, and taken the source for one below the map's folder.
      const source = path.startsWith(directory + sep) ? path.slice(directory.length + 1).replaceAll(sep, "/") : "";
      return payload.sources.includes(source) ? toPlace(source, line, column) : undefined;
    }
    const entry = map.findEntry(line - 1, column - 1);
    if (!("originalSource" in entry) || entry.originalSource === undefined) return undefined;
    return toPlace(entry.originalSource, entry.originalLine + 1, entry.originalColumn + 1);
  };
}

function isInside(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path !== "" && path.split(sep)[0] !== ".." && !isAbsolute(path);
}

function shown(source: string, root: string): string {
  const file = resolve(root, source);
  return (isInside(root, file) ? relative(root, file) : file).replaceAll(sep, "/");
}

async function toFrame(place: Place, root: string): Promise<SourceFrame> {
  const { source, line, column } = place;
  const content = place.content ?? (await readSource(resolve(root, source), root));
  const lines = content?.split(/\r?\n/) ?? [];
  const first = Math.max(1, line - around);
  const excerpt = lines
    .slice(first - 1, line + around)
    .map((text, index) => ({ number: first + index, text, failing: first + index === line }));
  return { file: shown(source, root), line, column, excerpt };
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
