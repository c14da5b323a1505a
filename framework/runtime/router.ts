/** Chooses the route of a request: `[pattern, loader]` pairs in, one fetch out; the 404 is its own. */
import { errorResponse, type Fetch, type RouteFunction } from "./function.ts";
import { decodeParams } from "./path.ts";
import { problem } from "./problem.ts";

/** A route of a router: what it matches, and how its function is had. */
export type Entry = readonly [pattern: RegExp, load: () => RouteFunction | Promise<RouteFunction>];

/**
 * Patterns are tried in the order given, on the canonical path; the build writes them in the HTTP API's precedence. A loader that
 * failed is asked again at the next request.
 */
export function createRouter(routes: readonly Entry[], fallback: Fetch = () => problem(404, "Not Found")): Fetch {
  return async (request, call) => {
    // A Request's URL is normalised already; parsing it again costs more than all the rest here.
    const [, pathname = "/"] = /^[^/]+\/\/[^/]*([^?#]*)/.exec(request.url) ?? [];
    for (const [pattern, load] of routes) {
      const found = pattern.exec(pathname);
      if (found) {
        try {
          return await (
            await load()
          )(request, call, decodeParams(found.groups ?? {}));
        } catch (error) {
          return errorResponse(error, call);
        }
      }
    }
    return fallback(request, call);
  };
}
