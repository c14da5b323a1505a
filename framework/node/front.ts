/** Decides who answers a path where there is no HTTP API: routes and assets in, a lookup over canonical paths out. */
import { assetFolders, isInFolder } from "../model/asset-folders.ts";
import { createMatcher, type Match } from "../model/match.ts";
import { expandRoutes } from "../model/precedence.ts";
import type { Route } from "../model/route.ts";
import { type AssetInfo, assetTable, findAsset, type FolderRedirect } from "../runtime/assets.ts";

/** Whom a path belongs to: a static file (or the folder that lacks its slash), a route, or nobody. */
export type Owner<R extends Route = Route, A extends AssetInfo = AssetInfo> =
  | { readonly kind: "asset"; readonly asset: A | FolderRedirect }
  | { readonly kind: "route"; readonly match: Match<R> }
  | { readonly kind: "none" };

/**
 * The same rule as the HTTP API's keys: an asset's exact path and the folders that are the assets' alone come before the routes, a
 * folder's index.html and its redirect after them. Throws UserError ROUTE_CONFLICT.
 */
export function createFront<R extends Route, A extends AssetInfo>(
  routes: readonly R[],
  assets: readonly A[],
): (path: string) => Owner<R, A> {
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

/** True where an answer could be the assets'; every other path is the routes' or nobody's, and no front need be asked. */
export function createAssetGuess(routes: readonly Route[], assets: readonly AssetInfo[]): (path: string) => boolean {
  const folders = assetFolders(routes, assets);
  const table = assetTable(assets);
  if (assets.length === 0) return () => false;
  return (path) => findAsset(table, path) !== undefined || isInFolder(folders, path);
}
