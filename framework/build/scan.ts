/** Reads what route files export, without running them: routes in, their methods out. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Metafile } from "esbuild";
import { closest } from "../model/closest.ts";
import type { Methods, Route } from "../model/route.ts";
import type { Target } from "../model/target.ts";
import { type At, UserError } from "../model/user-error.ts";
import { orUserError, warnings } from "./errors.ts";
import type { SourceMap } from "./join-maps.ts";
import { bundleOptions, outputKey, readOutputs } from "./options.ts";

/** In the order of an Allow header. */
const methodNames = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** A route's file alone: what esbuild makes of it before anything is linked. */
export interface RouteModule {
  /** JavaScript, its imports as they are. */
  readonly code: string;
  readonly map: SourceMap;
  /** How many imports it has, statements or not. */
  readonly imports: number;
  /** Another file has that name in the end, and decides what the imports mean. */
  readonly isLink: boolean;
  /** What esbuild warns of. */
  readonly warnings: readonly string[];
}

/** What there is to know of routes without linking or running them. */
export interface Scan {
  /** By route id. */
  readonly methods: ReadonlyMap<string, Methods>;
  /** By file, middleware too. */
  readonly modules: ReadonlyMap<string, RouteModule>;
  readonly metafiles: readonly Metafile[];
}

/** The methods of each route, by its id. Throws as `scanRoutes`. @param root absolute path of the app */
export const scanMethods = async (root: string, routes: readonly Route[]): Promise<ReadonlyMap<string, Methods>> =>
  (await scanRoutes(root, "node", routes)).methods;

/** What a route's text looks as if it exported, for who can begin with that while the scan finds out. Most people write it in one of these ways. */
export function guessMethods(text: string): Methods {
  const named = /^export (?:const|let|var|(?:async )?function\*?) ([A-Z]+)\b/gm;
  const found = new Set([...text.matchAll(named)].map(([, name]) => name));
  return found.size > 0 ? methodNames.filter((name) => found.has(name)) : "fetch";
}

/**
 * Throws UserError ROUTE_EXPORT for a file that exports no handler or something else beside them, BUILD_FAILED where one does not parse.
 * @param root absolute path of the app
 */
export async function scanRoutes(root: string, target: Target, routes: readonly Route[]): Promise<Scan> {
  const files = [...new Set(routes.flatMap(({ file, middleware }) => [file, ...middleware]))];
  const alone = await parse(root, target, files);
  const starred = files.filter((file) => /\bexport\*from"/.test(alone.modules.get(file)?.code ?? ""));
  const followed = starred.length ? await exportsOf(root, starred) : undefined;
  const exports = new Map([...alone.exports, ...(followed?.exports ?? [])]);
  for (const file of new Set(routes.flatMap(({ middleware }) => middleware))) await checkMiddleware(root, file, exports.get(file) ?? []);
  const methods = routes.map(async ({ id, file }) => [id, await toMethods(root, file, exports.get(file) ?? [])] as const);
  return {
    methods: new Map(await Promise.all(methods)),
    modules: alone.modules,
    metafiles: [alone, followed ?? []].flat().map(({ metafile }) => metafile),
  };
}

/** Each file alone, as it is in a bundle of the target but for names that are left long. Only Lambda's build needs the maps. */
async function parse(root: string, target: Target, files: readonly string[]) {
  const { external: _, ...options } = bundleOptions({ root, target, entries: new Map() }, "production");
  const short = { minify: false, minifySyntax: true, minifyWhitespace: true, treeShaking: true };
  const shape = { bundle: false, plugins: [], sourcemap: target === "lambda" && ("external" as const) };
  const result = await orUserError(root, build({ ...options, ...short, ...shape, entryPoints: toEntryPoints(files) }));
  const outputs = readOutputs(root, result.outputFiles);
  const read = (name: string): string | undefined => (outputs.has(name) ? Buffer.from(outputs.get(name) ?? []).toString() : undefined);
  const modules = new Map<string, RouteModule>();
  for (const [index, file] of files.entries()) {
    const map = JSON.parse(read(`${index}.js.map`) ?? "{}") as SourceMap;
    const own = result.warnings.filter(({ location }) => location?.file === file);
    const { imports = [], entryPoint } = result.metafile.outputs[outputKey(`${index}.js`)] ?? {};
    modules.set(file, {
      code: read(`${index}.js`) ?? "",
      map,
      imports: imports.length,
      isLink: entryPoint !== file,
      warnings: warnings(own),
    });
  }
  return { exports: exportsByFile(files, result.metafile), modules, metafile: result.metafile };
}

/** What files export that say `export *`, their imports read too. */
async function exportsOf(root: string, files: readonly string[]) {
  const options = bundleOptions({ root, target: "node", entries: new Map() }, "production");
  const call = build({ ...options, minify: false, sourcemap: false, entryPoints: toEntryPoints(files) });
  const { metafile } = await orUserError(root, call);
  return { exports: exportsByFile(files, metafile), metafile };
}

const toEntryPoints = (files: readonly string[]) => files.map((file, index) => ({ in: `./${file}`, out: String(index) }));

const exportsByFile = (files: readonly string[], { outputs }: Metafile): ReadonlyMap<string, readonly string[]> =>
  new Map(files.map((file, index) => [file, outputs[outputKey(`${index}.js`)]?.exports ?? []]));

async function toMethods(root: string, file: string, names: readonly string[]): Promise<Methods> {
  const wrong = names.find((name) => name !== "default" && !methodNames.includes(name));
  if (wrong !== undefined) throw await wrongExport(root, file, wrong);
  const methods = methodNames.filter((name) => names.includes(name));
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
    'Export a handler: export const GET = () => new Response("hi"). A file that is no route belongs in a folder whose name begins with _, such as _lib.';
  throw new UserError("ROUTE_EXPORT", `${file} exports no handler`, fix, { at: { file } });
}

async function checkMiddleware(root: string, file: string, names: readonly string[]): Promise<void> {
  if (names.includes("default")) return;
  const at = names[0] === undefined ? { file } : await placeOf(root, file, names[0]);
  throw new UserError("ROUTE_EXPORT", `${file} has no default export`, "Export Hono middleware: export default [csrf()].", { at });
}

async function wrongExport(root: string, file: string, name: string): Promise<UserError> {
  const meant = closest(name, methodNames);
  const fix = meant ? `Did you mean ${meant}?` : "Move it to a file in a _lib folder and import it from there, or do not export it.";
  return new UserError("ROUTE_EXPORT", `${file} exports "${name}", which is no HTTP method`, fix, { at: await placeOf(root, file, name) });
}

/** The first line that looks like the export of that name; good enough to point at. */
async function placeOf(root: string, file: string, name: string): Promise<At> {
  const lines = (await readFile(join(root, file), "utf8")).split("\n");
  const line = lines.findIndex((text) => /\bexport\b/.test(text) && text.split(/[^\w$]+/).includes(name));
  return line < 0 ? { file } : { file, line: line + 1, column: (lines[line]?.indexOf(name) ?? 0) + 1 };
}
