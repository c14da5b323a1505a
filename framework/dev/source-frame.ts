/** Maps the stack of a failed bundle back to the user's source files, and excerpts the lines around the failure. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { SourceMap, type SourceMapPayload } from "node:module";
import { basename, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Failure, LoadedFunction } from "../model/invocation.ts";
import type { Target } from "../model/target.ts";
import { browserBuildText, findBrowserBuild } from "./browser-build.ts";
import { findImportCycle } from "./import-cycle.ts";
import { locateExport, type RequestedRoute } from "./export-location.ts";

/** One line of an excerpt. */
export interface ExcerptLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  readonly failing: boolean;
}

/** The line in the user's code that failed. */
export interface SourceFrame {
  /** Relative to the app's root where it is inside, else absolute; "/" on every system. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Up to five lines before and after; empty without the source. */
  readonly excerpt: readonly ExcerptLine[];
}

/** A failure with the locations of the source files. */
export interface MappedFailure {
  readonly name: string;
  readonly message: string;
  /** With the files and lines of the sources. */
  readonly stack: string;
  /** The first frame in the user's own code, else the first in a package, else the route's export of the method. */
  readonly frame?: SourceFrame;
  /** The import cycle that a file is in which failed while it loaded: `[a, b, a]`. */
  readonly cycle?: readonly string[];
  /** The package that threw in its build for browsers; Workers only. */
  readonly browserBuild?: string;
}

/** What the failure comes from, and what to do about it, as sentences; empty where only the stack tells. */
export const failureAdvice = ({
  cycle,
  browserBuild,
}: Pick<MappedFailure, "cycle" | "browserBuild">): readonly string[] => [
  ...(cycle ? [cycleText(cycle)] : []),
  ...(browserBuild === undefined ? [] : [browserBuildText(browserBuild)]),
];

/** What a terminal shows below a failure: the source around it, and the advice. */
export const excerptOf = (failure: MappedFailure): readonly string[] => [
  ...(failure.frame ? [frameText(failure.frame)] : []),
  ...failureAdvice(failure),
];

/** Explains an import cycle and its fix. */
const cycleText = (cycle: readonly string[]): string =>
  `Import cycle: ${cycle.join(" → ")}. One of these files runs before its imports have loaded; ` +
  "move the code that they share into a file of its own.";

/** The number of lines that an excerpt has before and after the failing one. */
const contextLines = 5;

/**
 * Sources of Portico: the runtime, its web classes and the entry that the build wrote. Hono counts as one, since it
 * calls handlers as the runtime does.
 */
const frameworkSource =
  /^portico\/(?:light$|jobs$|(?:runtime|features|model|entry|function|job)\/)|(?:^|\/)node_modules\/hono\//;

/** Sources of packages, which are not the user's code. */
const packageSource = /(?:^|\/)node_modules\//;

/** A line and column in a source file. */
interface SourceLocation {
  /** The map's name of it: relative to the app's root, as the build writes all maps (bundler/options.ts). */
  readonly source: string;
  readonly line: number;
  readonly column: number;
  /** The source text in the map. */
  readonly content?: string;
}

/**
 * Maps a failure by the source maps beside the function's modules. Without a readable map the stack stays unmapped,
 * since every failure must result in an error page.
 * @param app `root` is the absolute path of its root
 * @param requested the route to show for a failure without a frame in the app's code
 */
export async function mapFailure(
  failure: Failure,
  fn: Pick<LoadedFunction, "directory" | "main" | "imports">,
  { root, target }: { readonly root: string; readonly target: Target },
  requested?: RequestedRoute,
): Promise<MappedFailure> {
  const { name, message } = failure;
  const maps = await readMaps(fn, failure.stack);
  if (maps.size === 0) return { name, message, stack: failure.stack };
  const find = createLookup(maps, fn.directory);
  const mapped: SourceLocation[] = [];
  const lines = failure.stack.split("\n").map((line) => {
    const frame = parseFrame(line);
    const location = frame && find(frame);
    if (!location) return line;
    mapped.push(location);
    const text = `${displayPath(location.source, root)}:${location.line}:${location.column}`;
    return frame.call ? `${frame.indent}at ${frame.call} (${text})` : `${frame.indent}at ${text}`;
  });
  const outside = mapped.filter(({ source }) => !frameworkSource.test(source));
  const sources = mapped.map(({ source }) => source);
  const location =
    outside.find(({ source }) => !packageSource.test(source)) ??
    outside[0] ??
    (requested && (await locateExport(requested, sources, root)));
  const browserBuild = target === "workers" ? await findBrowserBuild(outside[0]?.source, root) : undefined;
  const cycle = isLoading(sources) && location && fn.imports && findImportCycle(location.source, fn.imports);
  return {
    name,
    message,
    stack: lines.join("\n"),
    ...(location && { frame: await toFrame(location, root) }),
    ...(cycle && { cycle }),
    ...(browserBuild !== undefined && { browserBuild }),
  };
}

/** True where the failure happened while a module loaded: a handler has frames of Portico's runtime below its own. */
const isLoading = (sources: readonly string[]): boolean =>
  !sources.some((source) => source.startsWith("portico/runtime/"));

/** The excerpt as text for terminals and JSON, with the failing line marked and a caret below it. */
export function frameText({ excerpt, column }: Pick<SourceFrame, "excerpt" | "column">): string {
  const width = String(excerpt.at(-1)?.number ?? 0).length;
  return excerpt
    .flatMap(({ number, text, failing }) => {
      const line = `${failing ? ">" : " "} ${String(number).padStart(width)} | ${text}`;
      if (!failing) return [line];
      // Tabs stay tabs, so that the caret is below its character.
      const before = text.slice(0, column - 1).replace(/[^\t]/g, " ");
      return [line, `  ${" ".repeat(width)} | ${before}^`];
    })
    .join("\n");
}

/**
 * The source maps of the function's main module and of the dynamically imported modules in the stack, by module name;
 * a hash makes these names unique.
 */
async function readMaps(
  { directory, main }: Pick<LoadedFunction, "directory" | "main">,
  stack: string,
): Promise<ReadonlyMap<string, SourceMapPayload>> {
  const names = existsSync(directory) ? await readdir(directory, { recursive: true }) : [];
  const maps = new Map<string, SourceMapPayload>();
  for (const name of names.filter((file) => file.endsWith(".map"))) {
    const module = basename(name, ".map");
    const payload = module === main || stack.includes(module) ? await readMap(join(directory, name)) : undefined;
    if (payload) maps.set(module, payload);
  }
  return maps;
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

/** Maps frames of the function's modules to source locations. */
function createLookup(
  payloads: ReadonlyMap<string, SourceMapPayload>,
  directory: string,
): (frame: StackLine) => SourceLocation | undefined {
  const maps = new Map([...payloads].map(([name, payload]) => [name, new SourceMap(payload)]));
  const toLocation = (source: string, line: number, column: number): SourceLocation | undefined => {
    const payload = [...payloads.values()].find(({ sources }) => sources.includes(source));
    const content = payload?.sourcesContent?.[payload.sources.indexOf(source)];
    return payload && { source, line, column, ...(content != null && { content }) };
  };
  return ({ file, line, column }) => {
    const path = file.startsWith("file:") ? fileURLToPath(file) : file;
    const map = maps.get(basename(path));
    if (!map) {
      // Node has mapped the frame under --enable-source-maps, with the source relative to the map's folder.
      return path.startsWith(directory + sep)
        ? toLocation(path.slice(directory.length + 1).replaceAll(sep, "/"), line, column)
        : undefined;
    }
    const entry = map.findEntry(line - 1, column - 1);
    if (!("originalSource" in entry) || entry.originalSource === undefined) return undefined;
    return toLocation(entry.originalSource, entry.originalLine + 1, entry.originalColumn + 1);
  };
}

function isInside(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path !== "" && path.split(sep)[0] !== ".." && !isAbsolute(path);
}

function displayPath(source: string, root: string): string {
  const file = resolve(root, source);
  return (isInside(root, file) ? relative(root, file) : file).replaceAll(sep, "/");
}

async function toFrame(location: SourceLocation, root: string): Promise<SourceFrame> {
  const { source, line, column } = location;
  const content = location.content ?? (await readSource(resolve(root, source), root));
  const lines = content?.split(/\r?\n/) ?? [];
  const first = Math.max(1, line - contextLines);
  const excerpt = lines
    .slice(first - 1, line + contextLines)
    .map((text, index) => ({ number: first + index, text, failing: first + index === line }));
  return { file: displayPath(source, root), line, column, excerpt };
}

/** Reads a source file inside the app, for a map without sourcesContent. */
async function readSource(file: string, root: string): Promise<string | undefined> {
  if (!isInside(root, file)) return undefined;
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
