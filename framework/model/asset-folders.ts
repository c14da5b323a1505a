/** The folders and paths where static files come before routes, the same on every target. */
import { displayPattern } from "./pattern.ts";
import type { BuiltAsset } from "./manifest.ts";
import { createMatcher, matchRoutes } from "./route-matcher.ts";
import { type ExpandedRoute, expandRoutes, isGreedy, overlap } from "./precedence.ts";
import type { Route, Segment } from "./route.ts";
import { UserError } from "./user-error.ts";

/** An asset's path and file. */
type Asset = Pick<BuiltAsset, "path" | "file">;

/**
 * The folders that only assets serve, as sorted canonical paths without a final slash (`/img`), outermost only: a
 * missing file inside is 404 although a greedy route would match. Such a folder contains assets, at least one route
 * could match inside, and every such route is greedy with a shorter prefix. Elsewhere an asset wins over routes only at
 * its own path.
 */
export function assetFolders(routes: readonly Route[], assets: readonly Asset[]): readonly string[] {
  const expanded = expandRoutes(routes);
  const folders: string[] = [];
  for (const folder of [...new Set(assets.flatMap(({ path }) => foldersAbove(path)))].toSorted()) {
    if (!isInFolder(folders, folder) && isOwned(expanded, folder)) folders.push(folder);
  }
  return folders;
}

/** True for a canonical path inside one of the folders; the folder itself, with or without its slash, is not inside. */
export const isInFolder = (folders: readonly string[], path: string): boolean =>
  folders.some(
    (folder) => path.startsWith(`${folder}/`) && path.length > folder.length + 1 && path[folder.length + 1] !== "/",
  );

/**
 * The assets outside of these folders that a route matches too; at these paths the asset wins. Throws UserError
 * ROUTE_CONFLICT where a route has exactly the asset's path.
 */
export function assetsInFront<A extends Asset>(
  routes: readonly Route[],
  assets: readonly A[],
  folders: readonly string[],
): readonly A[] {
  const routeAt = createRouteAt(routes, folders);
  return assets.filter((asset) => {
    const found = routeAt(asset.path);
    if (found?.isExact) throw sameAsAsset(found.route, asset);
    return found !== undefined;
  });
}

/**
 * A lookup of the route that matches an asset's path outside of these folders, and whether it has exactly that path.
 */
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

/** The parent folders of a path, outermost first, without the root: `/a/b/c.png` → `/a`, `/a/b`. */
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
    (one) =>
      one.route === route &&
      one.segments.every(({ kind }) => kind === "static") &&
      matchRoutes([one], path) !== undefined,
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
