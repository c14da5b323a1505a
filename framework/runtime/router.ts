/** The router: finds the route of a request by its path, loads its function and calls it. */
import { errorResponse, jsonError } from "./error-response.ts";
import type { Fetch, RouteFunction } from "./route-function.ts";
import { decodeParams } from "./path.ts";

/** A route of a router: the pattern of its paths, and the loader of its function. */
export type RouteEntry = readonly [pattern: RegExp, load: () => RouteFunction | Promise<RouteFunction>];

/**
 * The static segments that a pattern begins with, read from the pattern as the build writes it: `/users` of
 * `/users/[id]`, none of `/[name]/edit`.
 */
function literalStart({ source }: RegExp): string {
  const [, start = ""] = /^\^((?:\\\/(?:[^\\()[\].*+?{}|^$]|\\[^\w/])+)*)(?=\$|\\\/|\(\?:)/.exec(source) ?? [];
  return start.replaceAll(/\\(.)/g, "$1");
}

/** A route with its place in the order. */
interface IndexedRoute {
  readonly index: number;
  readonly pattern: RegExp;
  readonly load: RouteEntry[1];
}

/**
 * Tries the patterns in the order given, which is the HTTP API's precedence, on the canonical path. Patterns are
 * anchored and have no alternatives at the top level. Only those are tried whose static segments the path begins with,
 * so that the last of 300 routes is found as fast as the first. The next request calls a loader that failed again.
 */
export function createRouter(
  routes: readonly RouteEntry[],
  fallback: Fetch = () => jsonError(404, "Not Found"),
): Fetch {
  const table = Map.groupBy(
    routes.map(([pattern, load], index): IndexedRoute => ({ index, pattern, load })),
    ({ pattern }) => literalStart(pattern),
  );
  return (request, call) => {
    const pathname = pathOf(request.url);
    for (const { pattern, load } of candidates(pathname, table)) {
      const found = pattern.exec(pathname);
      if (!found) continue;
      try {
        const params = decodeParams(found.groups);
        const route = load();
        // A function that is loaded is called without a promise, which would double the time of a call.
        if (!("then" in route)) return route(request, call, params);
        return route.then((loaded) => loaded(request, call, params)).catch((error) => errorResponse(error, call));
      } catch (error) {
        return errorResponse(error, call);
      }
    }
    return fallback(request, call);
  };
}

/**
 * The path of a Request's URL, which is normalised: parsing it again would take most of the time of a call. The host
 * begins at index 7 or 8.
 */
const pathOf = (url: string): string => /^[^?#]*/.exec(url.slice(url.indexOf("/", 8)))![0];

/**
 * The routes whose static segments are a prefix of the path: none, its first segment, its first two and so on, in their
 * order.
 */
function candidates(pathname: string, table: ReadonlyMap<string, readonly IndexedRoute[]>): readonly IndexedRoute[] {
  let found = table.get("") ?? [];
  for (let end = 0; end < pathname.length;) {
    end = pathname.indexOf("/", end + 1);
    if (end < 0) end = pathname.length;
    const more = table.get(pathname.slice(0, end));
    if (more) found = found.length ? [...found, ...more].toSorted((one, other) => one.index - other.index) : more;
  }
  return found;
}
