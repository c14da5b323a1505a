/** Reads what route files export, without running them: routes in, their methods out. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { closest } from "../model/closest.ts";
import type { Methods, Route } from "../model/route.ts";
import { type At, UserError } from "../model/user-error.ts";
import { orUserError } from "./errors.ts";
import { bundleOptions, outputKey, readOutputs } from "./options.ts";

/** In the order of an Allow header. */
const methodNames = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/**
 * The methods of each route, by its id. Throws UserError ROUTE_EXPORT for a file that exports no handler or something else beside
 * them, BUILD_FAILED where one does not parse.
 * @param root absolute path of the app
 */
export async function scanMethods(root: string, routes: readonly Route[]): Promise<ReadonlyMap<string, Methods>> {
  const files = [...new Set(routes.flatMap(({ file, middleware }) => [file, ...middleware]))];
  const exports = await scanExports(root, files);
  for (const file of new Set(routes.flatMap(({ middleware }) => middleware))) await checkMiddleware(root, file, exports.get(file) ?? []);
  const methods = routes.map(async ({ id, file }) => [id, await toMethods(root, file, exports.get(file) ?? [])] as const);
  return new Map(await Promise.all(methods));
}

/** The names that each file exports. Files are parsed alone; only where one says `export *` its imports are read too. */
async function scanExports(root: string, files: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const { found, texts } = await exportsOf(root, files, false);
  const starred = files.filter((file) => /^export \* from/m.test(Buffer.from(texts.get(file) ?? []).toString()));
  if (starred.length === 0) return found;
  return new Map([...found, ...(await exportsOf(root, starred, true)).found]);
}

async function exportsOf(root: string, files: readonly string[], bundle: boolean) {
  const { define: _, external: __, ...options } = bundleOptions({ root, target: "node", entries: new Map() }, "production");
  const entryPoints = files.map((file, index) => ({ in: `./${file}`, out: String(index) }));
  const alone = { bundle: false, plugins: [] };
  const result = await orUserError(root, build({ ...options, minify: false, sourcemap: false, ...(!bundle && alone), entryPoints }));
  const outputs = readOutputs(root, result.outputFiles);
  return {
    found: new Map(files.map((file, index) => [file, result.metafile.outputs[outputKey(`${index}.js`)]?.exports ?? []])),
    texts: new Map(files.map((file, index) => [file, outputs.get(`${index}.js`)])),
  };
}

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
