/** Which paths belong to the static files before any route: routes and assets in, folders out. The same on every target. */
import { displayPattern } from "./pattern.ts";
import type { BuiltAsset } from "./manifest.ts";
import { createMatcher, matchRoutes } from "./match.ts";
import { type ExpandedRoute, expandRoutes, isGreedy, overlap } from "./precedence.ts";
import type { Route, Segment } from "./route.ts";
import { UserError } from "./user-error.ts";

/** What is needed of an asset here. */
type Asset = Pick<BuiltAsset, "path" | "file">;

/**
 * Folders that are the assets' alone, as canonical paths without a slash at the end (`/img`), outermost only, sorted: a miss inside
 * is 404 though a greedy route would match. That is a folder of assets where every route that could match inside is greedy with a
 * shorter prefix, and at least one does. An asset outside of them still wins over routes at its exact path.
 */
export function assetFolders(routes: readonly Route[], assets: readonly Asset[]): readonly string[] {
  const expanded = expandRoutes(routes);
  const folders: string[] = [];
  for (const folder of [...new Set(assets.flatMap(({ path }) => foldersAbove(path)))].toSorted()) {
    if (!isInFolder(folders, folder) && isOwned(expanded, folder)) folders.push(folder);
  }
  return folders;
}

/** True for a canonical path inside one of the folders; a folder itself, with or without a slash at its end, is not. */
export const isInFolder = (folders: readonly string[], path: string): boolean =>
  folders.some((folder) => path.startsWith(`${folder}/`) && path.length > folder.length + 1 && path[folder.length + 1] !== "/");

/** The assets outside of owned folders that a route matches too; at these paths the asset wins. Throws UserError ROUTE_CONFLICT where a route says exactly the same path. */
export function assetsInFront<A extends Asset>(routes: readonly Route[], assets: readonly A[], folders: readonly string[]): readonly A[] {
  const routeAt = createRouteAt(routes, folders);
  return assets.filter((asset) => {
    const found = routeAt(asset.path);
    if (found?.isExact) throw sameAsAsset(found.route, asset);
    return found !== undefined;
  });
}

/** What tells of an asset's path, outside of owned folders, which route matches it too, and whether that one says exactly this path. */
export function createRouteAt(
  routes: readonly Route[],
  folders: readonly string[],
): (path: string) => { readonly route: Route; readonly isExact: boolean } | undefined {
  const expanded = expandRoutes(routes);
  const matchRoute = createMatcher(expanded);
  return (path) => {
    const match = isInFolder(folders, path) ? undefined : matchRoute(path);
    return match && { route: match.route, isExact: isExact(expanded, match.route, path) };
  };
}

/** The folders that a path lies in, outermost first and without the root: `/a/b/c.png` → `/a`, `/a/b`. */
export const foldersAbove = (path: string): readonly string[] =>
  path
    .split("/")
    .slice(1, -1)
    .map((_, index, names) => `/${names.slice(0, index + 1).join("/")}`);

function isOwned(expanded: readonly ExpandedRoute[], folder: string): boolean {
  const parts = folder
    .slice(1)
    .split("/")
    .map((part): Segment => ({ kind: "static", value: decodeURIComponent(part) }));
  const inside = expanded.filter(({ segments }) => canMatchInside(segments, parts));
  return inside.length > 0 && inside.every(({ segments }) => isGreedy(segments) && segments.length <= parts.length);
}

function canMatchInside(segments: readonly Segment[], folder: readonly Segment[]): boolean {
  const prefix = isGreedy(segments) ? segments.slice(0, -1) : segments;
  if (!isGreedy(segments) && prefix.length <= folder.length) return false;
  const length = Math.min(prefix.length, folder.length);
  return overlap(prefix.slice(0, length), folder.slice(0, length));
}

const isExact = (expanded: readonly ExpandedRoute[], route: Route, path: string): boolean =>
  expanded.some(
    (one) => one.route === route && one.segments.every(({ kind }) => kind === "static") && matchRoutes([one], path) !== undefined,
  );

const sameAsAsset = (route: Route, asset: Asset): UserError =>
  new UserError(
    "ROUTE_CONFLICT",
    `${route.file} and ${asset.file} both serve ${displayPattern(route.segments)}`,
    "Remove one of them, or give it another path.",
    {
      at: [{ file: route.file }, { file: asset.file }],
    },
  );
