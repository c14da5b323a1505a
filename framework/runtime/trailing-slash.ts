/** Redirects a path with a superfluous or missing trailing slash to the route that matches without or with it. */
import type { Fetch } from "./route-function.ts";

/**
 * The path without its trailing slash, or with one. Undefined if browsers would take the result for another host, as
 * `//name` and `/\name` (WHATWG URL, "relative state").
 * @param path canonical
 */
export function otherSlash(path: string): string | undefined {
  const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
  return /^\/(?![/\\])/.test(other) && !other.includes("\\") ? other : undefined;
}

/** 308 keeps method and body (RFC 9110 section 15.4.9). @param search with its `?`, or empty */
export const slashRedirect = (path: string, search: string): Response =>
  new Response(null, {
    status: 308,
    headers: { location: path + search, "cache-control": "public, max-age=0, must-revalidate" },
  });

/**
 * Redirects requests that `notFound` answers with 404.
 * @param patterns for canonical paths, of the routes of fixed length: others also match with a slash at the end
 */
export const redirectSlash =
  (patterns: readonly RegExp[], notFound: Fetch): Fetch =>
  async (request, call) => {
    const response = await notFound(request, call);
    if (response.status !== 404) return response;
    // Of a Request's URL, which is normalised and has no fragment.
    const [, path = "/", search = ""] = /^[^/]+\/\/[^/?]*([^?]*)(\?.+)?/.exec(request.url) ?? [];
    const other = otherSlash(path);
    if (other === undefined || !patterns.some((pattern) => pattern.test(other))) return response;
    await response.body?.cancel();
    return slashRedirect(other, search);
  };
