/** Looks up the static file or route that serves a path, where no HTTP API decides it. */
import { assetFolders, isInFolder } from "./asset-folders.ts";
import { createMatcher, type Match } from "./route-matcher.ts";
import { expandRoutes } from "./precedence.ts";
import type { Route } from "./route.ts";
import { type AssetInfo, assetTable, findAsset, type FolderRedirect } from "../runtime/assets.ts";

/** What serves a path: a static file (or the redirect to a folder's slash), a route, or nothing. */
export type PathTarget<R extends Route = Route, A extends AssetInfo = AssetInfo> =
  | { readonly kind: "asset"; readonly asset: A | FolderRedirect }
  | { readonly kind: "route"; readonly match: Match<R> }
  | { readonly kind: "none" };

/**
 * The order of the HTTP API's keys: exact asset paths and folders of assets come before the routes, a folder's
 * index.html and its redirect after them. Throws UserError ROUTE_CONFLICT.
 */
export function createPathLookup<R extends Route, A extends AssetInfo>(
  routes: readonly R[],
  assets: readonly A[],
): (path: string) => PathTarget<R, A> {
  const matchRoute = createMatcher(expandRoutes(routes));
  const folders = assetFolders(routes, assets);
  const table = assetTable(assets);
  return (path) => {
    const exact = table.get(path);
    if (exact) return { kind: "asset", asset: exact };
    const match = isInFolder(folders, path) ? undefined : matchRoute(path);
    if (match) return { kind: "route", match };
    const asset = findAsset(table, path);
    return asset ? { kind: "asset", asset } : { kind: "none" };
  };
}

/** True for paths that the assets may serve; the assets serve no other path. */
export function createAssetFilter(routes: readonly Route[], assets: readonly AssetInfo[]): (path: string) => boolean {
  const folders = assetFolders(routes, assets);
  const table = assetTable(assets);
  if (assets.length === 0) return () => false;
  return (path) => findAsset(table, path) !== undefined || isInFolder(folders, path);
}
