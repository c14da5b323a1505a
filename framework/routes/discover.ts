/** Finds the app's routes: its root in, the routes of functions/ in order of precedence out. */
import { createHash } from "node:crypto";
import { codeExtension, displayPattern, idLength, parseRouteFile, routeId, shape } from "../model/pattern.ts";
import { expandRoutes } from "../model/precedence.ts";
import type { Route } from "../model/route.ts";
import { UserError } from "../model/user-error.ts";
import { type FolderEntry, readFolder } from "./folder.ts";

type RouteFile = Pick<Route, "file" | "middleware">;

/**
 * Every file with code below functions/ is a route, but for names that begin with `_` or `.`, `*.test.*`, `*.spec.*` and declarations;
 * folders of such names, and node_modules, are skipped whole. Without functions/ there are none. Throws UserError ROUTE_NAME, ROUTE_CONFLICT or MIDDLEWARE_TWICE.
 * @param root absolute path of the app
 */
export async function discover(root: string): Promise<readonly Route[]> {
  const files = await findFiles(root, "functions", []);
  const routes = nameRoutes(files.map((found) => ({ ...found, segments: parseRouteFile(found.file) })));
  return [...new Set(expandRoutes(routes).map(({ route }) => route))];
}

/** Folders are read at the same time, their files kept in order. */
async function findFiles(root: string, folder: string, above: readonly string[]): Promise<readonly RouteFile[]> {
  const entries = await readFolder(root, folder);
  const own = middlewareOf(entries);
  const middleware = own === undefined ? above : [...above, own];
  const found = entries.map(async ({ name, kind, path }): Promise<readonly RouteFile[]> => {
    if (/^[._]/.test(name) || name === "node_modules") return [];
    if (kind === "folder") return findFiles(root, path, middleware);
    return isCode(name) && !/\.(?:test|spec)\.|\.d\.[a-z]+$/.test(name) ? [{ file: path, middleware }] : [];
  });
  return (await Promise.all(found)).flat();
}

function middlewareOf(entries: readonly FolderEntry[]): string | undefined {
  const found = entries.filter(({ name, kind }) => kind === "file" && isCode(name) && name.replace(codeExtension, "") === "_middleware");
  if (found.length < 2) return found[0]?.path;
  const files = found.map(({ path }) => path);
  throw new UserError(
    "MIDDLEWARE_TWICE",
    `one folder has ${files.join(" and ")}`,
    "Keep one of them; its default export can be an array.",
    { at: files.map((file) => ({ file })) },
  );
}

const isCode = (name: string): boolean => codeExtension.test(name);

/** Ids that several routes would share all get a hash of their pattern, so that none depends on the order of files. */
function nameRoutes(found: readonly Pick<Route, "file" | "middleware" | "segments">[]): readonly Route[] {
  const slugs = found.map(({ segments }) => routeId(segments));
  return found.map(({ file, middleware, segments }, index) => {
    const slug = slugs[index] ?? "";
    const shared = slugs.indexOf(slug) !== slugs.lastIndexOf(slug);
    return { id: shared ? withHash(slug, shape(segments)) : slug, pattern: displayPattern(segments), segments, file, middleware };
  });
}

function withHash(slug: string, text: string): string {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 6);
  return `${slug.slice(0, idLength - 7).replace(/-$/, "")}-${hash}`;
}
