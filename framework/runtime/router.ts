/** Chooses the route of a request: `[pattern, loader]` pairs in, one fetch out; the 404 is its own. */
import { errorResponse } from "./error-response.ts";
import type { Fetch, RouteFunction } from "./function.ts";
import { decodeParams } from "./path.ts";
import { problem } from "./problem.ts";

/** A route of a router: what it matches, and how its function is had. */
export type Entry = readonly [pattern: RegExp, load: () => RouteFunction | Promise<RouteFunction>];

/**
 * The whole segments that a path must begin with to match, read from the pattern as the build writes it: `/users` of `/users/[id]`,
 * nothing of `/[name]/edit`.
 */
function literalStart({ source }: RegExp): string {
  const [, start = ""] = /^\^((?:\\\/(?:[^\\()[\].*+?{}|^$]|\\[^\w/])+)*)(?=\$|\\\/|\(\?:)/.exec(source) ?? [];
  return start.replaceAll(/\\(.)/g, "$1");
}

interface Placed {
  readonly at: number;
  readonly pattern: RegExp;
  readonly load: Entry[1];
}

/**
 * Patterns are anchored and have no alternatives at their top. They are tried in the order given, on the canonical path; the build writes
 * them in the HTTP API's precedence. Only those are tried whose literal start the path has, so that the last of 300 costs what the first
 * does. A loader that failed is asked again at the next request.
 */
export function createRouter(routes: readonly Entry[], fallback: Fetch = () => problem(404, "Not Found")): Fetch {
  const table = Map.groupBy(
    routes.map(([pattern, load], at): Placed => ({ at, pattern, load })),
    ({ pattern }) => literalStart(pattern),
  );
  return (request, call) => {
    const pathname = pathOf(request.url);
    for (const { pattern, load } of startingLike(pathname, table)) {
      const found = pattern.exec(pathname);
      if (!found) continue;
      try {
        const params = decodeParams(found.groups);
        const route = load();
        // To wait for what is there would cost as much as all else here.
        if (!("then" in route)) return route(request, call, params);
        return route.then((loaded) => loaded(request, call, params)).catch((error) => errorResponse(error, call));
      } catch (error) {
        return errorResponse(error, call);
      }
    }
    return fallback(request, call);
  };
}

/** Of a Request's URL, which is normalised: parsing it again costs more than all the rest here. What names its host begins at 7 or 8. */
const pathOf = (url: string): string => /^[^?#]*/.exec(url.slice(url.indexOf("/", 8)))![0];

/** The routes whose literal start is one of the path's own: nothing, its first segment, its first two, …; in their order. */
function startingLike(pathname: string, table: ReadonlyMap<string, readonly Placed[]>): readonly Placed[] {
  let found = table.get("") ?? [];
  for (let end = 0; end < pathname.length;) {
    end = pathname.indexOf("/", end + 1);
    if (end < 0) end = pathname.length;
    const more = table.get(pathname.slice(0, end));
    if (more) found = found.length ? [...found, ...more].toSorted((one, other) => one.at - other.at) : more;
  }
  return found;
}
