/** Reads the exports of route and middleware files without running them, and derives each route's methods. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Metafile } from "esbuild";
import { nearestWord } from "../model/did-you-mean.ts";
import type { Methods, Route } from "../model/route.ts";
import type { Target } from "../model/target.ts";
import { type At, UserError } from "../model/user-error.ts";
import { inBatches } from "./batches.ts";
import { withUserErrors } from "./build-errors.ts";
import { bundleOptions, outputKey, readOutputs } from "./esbuild-options.ts";

/** In the order of an Allow header. */
const methodNames = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Facts about routes that are known without bundling or running them. */
export interface Scan {
  /** By route id. */
  readonly methods: ReadonlyMap<string, Methods>;
  /** Metafiles of the bundles that resolve `export *`. */
  readonly metafiles: readonly Metafile[];
  /** Exported names by route or middleware file, of files whose exports depend on their own text only. */
  readonly exports: ReadonlyMap<string, readonly string[]>;
}

/** The methods of each route by its id. Throws as `scanRoutes`. @param root absolute path of the app */
export const scanMethods = async (root: string, routes: readonly Route[]): Promise<ReadonlyMap<string, Methods>> =>
  (await scanRoutes(root, "node", routes)).methods;

/**
 * The methods that a route's text seems to export, in the common ways to write it. Callers can start with the guess
 * while the scan runs.
 */
export function guessMethods(text: string): Methods {
  const named = /^export (?:const|let|var|(?:async )?function\*?) ([A-Z]+)\b/gm;
  const found = new Set([...text.matchAll(named)].map(([, name]) => name));
  return found.size > 0 ? methodNames.filter((name) => found.has(name)) : "fetch";
}

/**
 * Throws UserError ROUTE_EXPORT for a file without a handler or with other exports, BUILD_FAILED for a syntax error.
 * @param root absolute path of the app
 * @param cachedExports the exports of a file that did not change since an earlier scan
 */
export async function scanRoutes(
  root: string,
  target: Target,
  routes: readonly Route[],
  cachedExports: (file: string) => readonly string[] | undefined = () => undefined,
): Promise<Scan> {
  const all = [...new Set(routes.flatMap(({ file, middleware }) => [file, ...middleware]))];
  const cached = new Map(all.flatMap((file) => (cachedExports(file) ? [[file, cachedExports(file)!] as const] : [])));
  const files = all.filter((file) => !cached.has(file));
  const read = await readExports(root, target, files);
  const exports = new Map([...cached, ...read.exports]);
  for (const file of new Set(routes.flatMap(({ middleware }) => middleware)))
    await checkMiddleware(root, file, exports.get(file) ?? []);
  const methods = routes.map(
    async ({ id, file }) => [id, await toMethods(root, file, exports.get(file) ?? [])] as const,
  );
  const found = new Map(await Promise.all(methods));
  for (const { id, file } of routes)
    if (found.get(id) === "fetch") await rejectFunctionExport(root, file, read.code.get(file) ?? "");
  return {
    methods: found,
    metafiles: read.metafiles,
    exports: new Map([...exports].filter(([file]) => !read.starred.includes(file))),
  };
}

/** What some files export, and their code without types; those that are `starred` export what other files do. */
export async function readExports(root: string, target: Target, files: readonly string[]) {
  const parsed = await parseFiles(root, target, files);
  const starred = files.filter((file) => /\bexport\*from"/.test(parsed.code.get(file) ?? ""));
  const followed = starred.length ? await resolveExports(root, starred) : undefined;
  return {
    exports: new Map([...parsed.exports, ...(followed?.exports ?? [])]),
    code: parsed.code,
    starred,
    metafiles: followed ? [followed.metafile] : [],
  };
}

/** Parses each file on its own, and removes types and comments. */
async function parseFiles(root: string, target: Target, files: readonly string[]) {
  const { external: _, ...options } = bundleOptions({ root, target, entries: new Map() }, "production");
  const overrides = {
    bundle: false,
    splitting: false,
    minify: false,
    minifySyntax: true,
    minifyWhitespace: true,
    treeShaking: true,
    plugins: [],
    outExtension,
    sourcemap: false as const,
  };
  const parse = async (batch: readonly string[]) => {
    const result = await build({ ...options, ...overrides, entryPoints: toEntryPoints(batch) });
    const outputs = readOutputs(root, result.outputFiles);
    const code = batch.map((file, index) => [file, String(outputs.get(outputOf(index)) ?? "")] as const);
    return { exports: exportsByFile(batch, result.metafile), code };
  };
  const parsed = await inBatches(root, files, batchSize, parse);
  return {
    exports: new Map(parsed.flatMap(({ exports }) => [...exports])),
    code: new Map(parsed.flatMap(({ code }) => code)),
  };
}

/** Files per call of esbuild, whose memory grows with the square of its entry points: 1,000 take 300 MB. */
const batchSize = 64;

/** The exports of files with `export *`, which needs their imports too. */
async function resolveExports(root: string, files: readonly string[]) {
  const options = bundleOptions({ root, target: "node", entries: new Map() }, "production");
  const own = { minify: false, sourcemap: false as const, outExtension, external: ["*.jinja"] };
  const call = build({ ...options, ...own, entryPoints: toEntryPoints(files) });
  const { metafile } = await withUserErrors(root, call);
  return { exports: exportsByFile(files, metafile), metafile };
}

const outExtension = { ".js": ".js" };
const outputOf = (index: number): string => `${index}.js`;

const toEntryPoints = (files: readonly string[]) =>
  files.map((file, index) => ({ in: `./${file}`, out: String(index) }));

const exportsByFile = (files: readonly string[], { outputs }: Metafile): ReadonlyMap<string, readonly string[]> =>
  new Map(files.map((file, index) => [file, outputs[outputKey(outputOf(index))]?.exports ?? []]));

async function toMethods(root: string, file: string, names: readonly string[]): Promise<Methods> {
  const methods = methodNames.filter((name) => names.includes(name));
  // Read by portico openapi alone; no function contains it.
  const isKnown = (name: string): boolean =>
    name === "default" || methodNames.includes(name) || (name === "openapi" && methods.length > 0);
  const unknown = names.find((name) => !isKnown(name));
  if (unknown !== undefined) throw await unknownExport(root, file, unknown);
  if (names.includes("default")) {
    if (methods.length === 0) return "fetch";
    throw new UserError(
      "ROUTE_EXPORT",
      `${file} exports both default and ${methods[0]}`,
      "Keep the default export (an app that answers every method) or the methods, not both.",
      {
        at: await placeOf(root, file, methods[0] ?? ""),
      },
    );
  }
  if (methods.length > 0) return methods;
  const fix =
    'Export a handler: export const GET = () => new Response("hi"). ' +
    "A file that is not a route belongs in a folder whose name begins with _, such as _lib.";
  throw new UserError("ROUTE_EXPORT", `${file} exports no handler`, fix, { at: { file } });
}

/** Rejects a function as the default export, which other frameworks use as the handler of every method. */
async function rejectFunctionExport(root: string, file: string, code: string): Promise<void> {
  const written = /^[ \t]*export\s+default\s+(?:async\s+)?(?:function\b|\(|[\w$]+\s*=>)/m;
  // Both texts are checked: the source could match inside a string, and the parsed code also where nothing is declared.
  if (!isFunctionExport(code) || !written.test(await readFile(join(root, file), "utf8"))) return;
  throw new UserError(
    "ROUTE_EXPORT",
    `${file} exports a function as default, and a function has no fetch`,
    'Export it under its method: export const GET = (request) => new Response("hi"), likewise POST, PUT, …. ' +
      "A default export is an app with fetch(request), such as Hono's.",
    { at: await placeOf(root, file, "default") },
  );
}

/**
 * True where the default export is a function declaration or an arrow function that the module uses nowhere else.
 * @param code as esbuild prints it with minified white space
 */
function isFunctionExport(code: string): boolean {
  // With tree shaking, esbuild ends a module with one export clause.
  const clause = /export\{([^{}"]*)\};\s*$/.exec(code);
  const items = (clause?.[1] ?? "").split(",").map((item) => item.trim().split(/\s+as\s+/));
  const localName = items.find(([from = "", name = from]) => name === "default")?.[0];
  if (!clause || localName === undefined) return false;
  const body = code.slice(0, clause.index);
  const isDeclared = [...body.matchAll(functionDeclaration)].some(({ groups }) => groups?.["name"] === localName);
  return isDeclared && body.match(/(?<![\w$.])[\w$]+/g)?.filter((name) => name === localName).length === 1;
}

/** A parenthesis that opens twice, or before a function, is an expression: it may be called. */
const functionDeclaration = new RegExp(
  "(?<=^|[;}])(?:(?:async )?function\\*? ?|var )(?<name>[\\w$]+)" +
    "(?:\\(|=(?:async ?)?(?:\\((?!\\(|async\\b|function\\b)[^()]*\\)|[\\w$]+)=>)",
  "g",
);

async function checkMiddleware(root: string, file: string, names: readonly string[]): Promise<void> {
  if (names.includes("default")) return;
  const at = names[0] === undefined ? { file } : await placeOf(root, file, names[0]);
  throw new UserError(
    "ROUTE_EXPORT",
    `${file} has no default export`,
    "Export Hono middleware: export default [csrf()].",
    { at },
  );
}

async function unknownExport(root: string, file: string, name: string): Promise<UserError> {
  const suggestion = nearestWord(name, methodNames);
  const fix = suggestion
    ? `Did you mean ${suggestion}?`
    : "Move it to a file in a _lib folder and import it from there, or do not export it.";
  return new UserError("ROUTE_EXPORT", `${file} exports "${name}", which is not an HTTP method`, fix, {
    at: await placeOf(root, file, name),
  });
}

/** The first line that looks like the export of this name. */
async function placeOf(root: string, file: string, name: string): Promise<At> {
  const lines = (await readFile(join(root, file), "utf8")).split("\n");
  const line = lines.findIndex((text) => /\bexport\b/.test(text) && text.split(/[^\w$]+/).includes(name));
  return line < 0 ? { file } : { file, line: line + 1, column: (lines[line]?.indexOf(name) ?? 0) + 1 };
}
