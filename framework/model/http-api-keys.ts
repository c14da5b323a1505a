/** The route keys of an app's HTTP API, and the function of each. */
import { assetFolders, assetsInFront, createRouteAt } from "./asset-folders.ts";
import type { BuiltAsset, BuiltRoute } from "./manifest.ts";
import { keyPath } from "./pattern.ts";
import { expandRoutes } from "./precedence.ts";
import { UserError } from "./user-error.ts";

/** One route of the HTTP API. */
export interface HttpApiKey {
  /** `ANY /users/{id}` or `$default`. */
  readonly key: string;
  /** A function's id, or `assets`. */
  readonly function: string;
}

/**
 * One `ANY` key per pattern, the assets' keys, and `$default`, which serves the other assets and the 404. Paths in keys
 * are decoded, with literal Unicode, like rawPath and params in events of July 2026; AWS does not document the form of
 * keys. All keys are unique and count against the API's limit. Throws UserError ROUTE_CONFLICT, and ASSET_NAME for an
 * asset in front of a route whose name is not possible in a key.
 */
export function httpApiKeys(
  routes: readonly Omit<BuiltRoute, "methods">[],
  assets: readonly BuiltAsset[],
): readonly HttpApiKey[] {
  const folders = assetFolders(routes, assets);
  return [
    ...expandRoutes(routes).map(({ segments, route }) => ({
      key: `ANY ${keyPath(segments)}`,
      function: route.function,
    })),
    ...folders.map((folder) => ({ key: `ANY ${literal(folder, folder)}/{proxy+}`, function: "assets" })),
    ...assetsInFront(routes, assets, folders).map(({ path, file }) => ({
      key: `ANY ${literal(path, file)}`,
      function: "assets",
    })),
    { key: "$default", function: "assets" },
  ];
}

/**
 * The additional keys for files of earlier releases: one for each file that a route matches too, in their order, at
 * most `room`. These files own no folders, so that the routes serve all other paths as without them. `left` are files
 * without a key, and those whose exact path a route has now.
 */
export function keptAssetKeys<A extends Pick<BuiltAsset, "path">>(
  routes: readonly Omit<BuiltRoute, "methods">[],
  assets: readonly BuiltAsset[],
  kept: readonly A[],
  room: number,
): { readonly keys: readonly HttpApiKey[]; readonly left: readonly A[] } {
  const routeAt = createRouteAt(routes, assetFolders(routes, assets));
  const keys: HttpApiKey[] = [];
  const left: A[] = [];
  for (const asset of kept) {
    const found = routeAt(asset.path);
    if (!found) continue;
    const path = decodeURIComponent(asset.path);
    if (found.isExact || !isLiteral(path) || keys.length >= room) left.push(asset);
    else keys.push({ key: `ANY ${path}`, function: "assets" });
  }
  return { keys, left };
}

const isLiteral = (decoded: string): boolean => !/[{}]/.test(decoded);

function literal(path: string, file: string): string {
  const decoded = decodeURIComponent(path);
  if (isLiteral(decoded)) return decoded;
  throw new UserError(
    "ASSET_NAME",
    `${file}: a route matches it too, and its name cannot be a key of an HTTP API`,
    "Rename it without { and }.",
    { at: { file } },
  );
}
