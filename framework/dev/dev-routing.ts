/** Decides whether a route, a static file or neither serves a path in `portico dev`, as the target's front would. */
import { httpApiKeys } from "../model/http-api-keys.ts";
import type { HttpRequest, HttpResponse } from "../model/http-message.ts";
import type { BuiltAsset, BuiltRoute } from "../model/manifest.ts";
import { keyPath } from "../model/pattern.ts";
import { expandRoutes } from "../model/precedence.ts";
import type { Target } from "../model/target.ts";
import { urlPath } from "../http/canonical-target.ts";
import { toHttpResponse } from "../http/response-conversion.ts";
import { createPathLookup } from "../model/path-lookup.ts";
import { assetTable, findAsset, type FolderRedirect, notFoundPage } from "../runtime/assets.ts";
import { escapePath } from "../runtime/path.ts";
import { otherSlash, slashRedirect } from "../runtime/trailing-slash.ts";
import { apiPath } from "../emulation/http-api/routing.ts";
import { routeSelector } from "../emulation/http-api/routing.ts";

/** A route and the id of the function that serves it; its methods are not known before it is built. */
export type DevRoute = Omit<BuiltRoute, "methods">;

/** The result of routing one request. Paths are canonical. */
export type RoutingDecision =
  | { readonly kind: "asset"; readonly path: string; readonly asset: BuiltAsset | FolderRedirect }
  | RouteDecision
  | { readonly kind: "none"; readonly path: string };

/** A function serves the request. */
export interface RouteDecision {
  readonly kind: "route";
  readonly route: DevRoute;
  readonly routeKey: string;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** The routing of one consistent set of routes and assets. */
export interface DevRouting {
  readonly routes: readonly DevRoute[];
  /** The app's own 404 page. */
  readonly notFoundPage: BuiltAsset | undefined;
  /** @param path raw, without the query. Throws URIError on a malformed escape. */
  decide(method: string, path: string): RoutingDecision;
}

/** What routes before the functions: an HTTP API for `lambda`, the target's own server, or nothing. */
export type DevFront = Target | "function-url";

/** Throws UserError where routes and assets cannot be served together. */
export function createDevRouting(
  front: DevFront,
  routes: readonly DevRoute[],
  assets: readonly BuiltAsset[],
): DevRouting {
  const decide = front === "lambda" ? decideByHttpApi(routes, assets) : decideByPrecedence(routes, assets);
  return { routes, notFoundPage: assets.find(({ path }) => path === notFoundPage), decide };
}

/** Uses the keys that a deploy would create, chosen as API Gateway chooses: over the path as API Gateway decodes it. */
function decideByHttpApi(routes: readonly DevRoute[], assets: readonly BuiltAsset[]): DevRouting["decide"] {
  const select = routeSelector(httpApiKeys(routes, assets).map(({ key }) => key));
  const routeOf = new Map(expandRoutes(routes).map(({ segments, route }) => [`ANY ${keyPath(segments)}`, route]));
  const table = assetTable(assets);
  return (method, raw) => {
    const decoded = apiPath(raw);
    if (decoded === undefined) throw new URIError("malformed percent escape in the path");
    const selected = select(method, decoded);
    const route = selected && routeOf.get(selected.key);
    if (selected && route)
      return { kind: "route", route, routeKey: selected.key, pathParameters: selected.pathParameters };
    // The assets function reads this path from its event.
    const path = urlPath(escapePath(decoded));
    const asset = findAsset(table, path);
    return asset ? { kind: "asset", path, asset } : { kind: "none", path };
  };
}

function decideByPrecedence(routes: readonly DevRoute[], assets: readonly BuiltAsset[]): DevRouting["decide"] {
  const front = createPathLookup(routes, assets);
  return (_method, raw) => {
    const path = urlPath(raw);
    const owner = front(path);
    if (owner.kind !== "route") return { ...owner, path };
    const { route, params } = owner.match;
    return { kind: "route", route, routeKey: `ANY ${route.pattern}`, pathParameters: params };
  };
}

/**
 * The redirect of "trailingSlash" to a route whose path differs only in its last slash, as the functions of a release
 * answer; undefined without such a route.
 * @param path canonical
 */
export function trailingSlashRedirect(
  { method, target }: HttpRequest,
  path: string,
  { decide }: Pick<DevRouting, "decide">,
): HttpResponse | undefined {
  const other = otherSlash(path);
  if (other === undefined || decide(method, other).kind !== "route") return undefined;
  return toHttpResponse(slashRedirect(other, /\?.+/.exec(target)?.[0] ?? ""));
}
