/** Discovery of the app's routes: the files below functions/ in order of precedence, with their middleware. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { nearestWord } from "../model/did-you-mean.ts";
import { codeExtension, displayPattern, idLength, parseRouteFile, routeId, shape } from "../model/pattern.ts";
import { expandRoutes } from "../model/precedence.ts";
import type { Route } from "../model/route.ts";
import { UserError } from "../model/user-error.ts";
import { type FolderEntry, readFolder } from "./folder.ts";

type RouteFile = Pick<Route, "file" | "middleware">;

/**
 * Every code file below functions/ is a route, except declarations, `*.test.*`, `*.spec.*` and names that begin with
 * `_` or `.`; folders with such names and node_modules are skipped. Without functions/ there are no routes. Throws
 * UserError ROUTE_NAME, ROUTE_CONFLICT, MIDDLEWARE_TWICE, or FUNCTIONS_NAME where a folder's name resembles functions.
 * @param root absolute path of the app
 */
export async function discoverRoutes(root: string): Promise<readonly Route[]> {
  if (!existsSync(join(root, "functions"))) await rejectMisnamedFolder(root);
  const files = await findFiles(root, "functions", []);
  const routes = assignIds(files.map((found) => ({ ...found, segments: parseRouteFile(found.file) })));
  return [...new Set(expandRoutes(routes).map(({ route }) => route))];
}

/** Rejects a mistyped folder name, since the app would be released without routes. */
async function rejectMisnamedFolder(root: string): Promise<void> {
  const folders = (await readFolder(root, ".")).filter(({ kind }) => kind === "folder");
  const misnamed = folders.find(({ name }) => nearestWord(name, ["functions"]));
  if (!misnamed) return;
  throw new UserError(
    "FUNCTIONS_NAME",
    `${root} contains ${misnamed.name}/ and no folder functions/`,
    `If it contains the routes, rename it: mv ${misnamed.name} functions`,
  );
}

/** Reads folders concurrently; the order of files stays. */
async function findFiles(root: string, folder: string, inherited: readonly string[]): Promise<readonly RouteFile[]> {
  const entries = await readFolder(root, folder);
  const own = middlewareOf(entries);
  const middleware = own === undefined ? inherited : [...inherited, own];
  const found = entries.map(async ({ name, kind, path }): Promise<readonly RouteFile[]> => {
    if (/^[._]/.test(name) || name === "node_modules") return [];
    if (kind === "folder") return findFiles(root, path, middleware);
    return isCode(name) && !/\.(?:test|spec)\.|\.d\.[a-z]+$/.test(name) ? [{ file: path, middleware }] : [];
  });
  return (await Promise.all(found)).flat();
}

function middlewareOf(entries: readonly FolderEntry[]): string | undefined {
  const found = entries.filter(
    ({ name, kind }) => kind === "file" && isCode(name) && name.replace(codeExtension, "") === "_middleware",
  );
  if (found.length < 2) return found[0]?.path;
  const files = found.map(({ path }) => path);
  throw new UserError(
    "MIDDLEWARE_TWICE",
    `a folder contains ${files.join(" and ")}`,
    "Keep one of them; its default export can be an array.",
    { at: files.map((file) => ({ file })) },
  );
}

const isCode = (name: string): boolean => codeExtension.test(name);

/**
 * Assigns ids. Routes with equal ids all get a hash of their pattern, so that ids do not depend on the order of files.
 */
function assignIds(found: readonly Pick<Route, "file" | "middleware" | "segments">[]): readonly Route[] {
  const slugs = found.map(({ segments }) => routeId(segments));
  return found.map(({ file, middleware, segments }, index) => {
    const slug = slugs[index] ?? "";
    const shared = slugs.indexOf(slug) !== slugs.lastIndexOf(slug);
    return {
      id: shared ? withHash(slug, shape(segments)) : slug,
      pattern: displayPattern(segments),
      segments,
      file,
      middleware,
    };
  });
}

function withHash(slug: string, text: string): string {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 6);
  return `${slug.slice(0, idLength - 7).replace(/-$/, "")}-${hash}`;
}
