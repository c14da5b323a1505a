/** What the gateway serves at one moment: routes and assets in, a lookup that decides as the target's front would out. */
import { httpApiKeys } from "../model/http-api-keys.ts";
import type { BuiltAsset, BuiltRoute } from "../model/manifest.ts";
import { keyPath } from "../model/pattern.ts";
import { expandRoutes } from "../model/precedence.ts";
import type { Target } from "../model/target.ts";
import { urlPath } from "../node/canonical-target.ts";
import { createFront } from "../node/front.ts";
import { assetTable, findAsset, type FolderRedirect, missingPage } from "../runtime/assets.ts";
import { escapePath } from "../runtime/path.ts";
import { apiPath } from "./http-api/api-path.ts";
import { routeSelector } from "./http-api/match.ts";

/** A route and the id of the function that serves it; its methods are not known before it is built. */
export type DevRoute = Omit<BuiltRoute, "methods">;

/** Whom a request belongs to. Paths are canonical. */
export type Decision =
  | { readonly kind: "asset"; readonly path: string; readonly asset: BuiltAsset | FolderRedirect }
  | {
      readonly kind: "route";
      readonly route: DevRoute;
      readonly routeKey: string;
      readonly pathParameters: Readonly<Record<string, string>>;
    }
  | { readonly kind: "none"; readonly path: string };

/** One consistent set of routes and assets. */
export interface Tables {
  readonly routes: readonly DevRoute[];
  /** The app's own 404 page. */
  readonly page: BuiltAsset | undefined;
  /** @param path raw, without the query. Throws URIError on a malformed escape. */
  decide(method: string, path: string): Decision;
}

/** What stands before the functions: an HTTP API for `lambda`, the target's own server, or nothing that routes. */
export type DevFront = Target | "function-url";

/** Throws UserError where routes and assets cannot be served together. */
export function createTables(front: DevFront, routes: readonly DevRoute[], assets: readonly BuiltAsset[]): Tables {
  const page = assets.find(({ path }) => path === missingPage);
  return { routes, page, decide: front === "lambda" ? byHttpApi(routes, assets) : byFront(routes, assets) };
}

/** Exactly the keys that a deploy would make, chosen as API Gateway chooses: over the path as it decodes it. */
function byHttpApi(routes: readonly DevRoute[], assets: readonly BuiltAsset[]): Tables["decide"] {
  const select = routeSelector(httpApiKeys(routes, assets).map(({ key }) => key));
  const routeOf = new Map(expandRoutes(routes).map(({ segments, route }) => [`ANY ${keyPath(segments)}`, route]));
  const table = assetTable(assets);
  return (method, raw) => {
    const decoded = apiPath(raw);
    if (decoded === undefined) throw new URIError("malformed percent escape in the path");
    const selected = select(method, decoded);
    const route = selected && routeOf.get(selected.key);
    if (selected && route) return { kind: "route", route, routeKey: selected.key, pathParameters: selected.pathParameters };
    // What the assets function would make of its event.
    const path = urlPath(escapePath(decoded));
    const asset = findAsset(table, path);
    return asset ? { kind: "asset", path, asset } : { kind: "none", path };
  };
}

function byFront(routes: readonly DevRoute[], assets: readonly BuiltAsset[]): Tables["decide"] {
  const front = createFront(routes, assets);
  return (_method, raw) => {
    const path = urlPath(raw);
    const owner = front(path);
    if (owner.kind !== "route") return { ...owner, path };
    const { route, params } = owner.match;
    return { kind: "route", route, routeKey: `ANY ${route.pattern}`, pathParameters: params };
  };
}
