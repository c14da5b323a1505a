/**
 * Serves the static files that Cloudflare's asset server leaves to the Worker: a folder's index.html, its redirect, and
 * the app's own 404 page.
 */
import { answerRedirect, assetTable, findAsset, notFound, notFoundPage, refuseMethod, acceptsPage } from "./assets.ts";
import type { Fetch } from "./route-function.ts";

/** The binding that the manifest gives the Worker. */
interface AssetServer {
  fetch(request: Request): Promise<Response>;
}

/**
 * Answers requests that match no route. The asset server is in front of the Worker and answers every file at its own
 * path.
 * @param indexes canonical paths of the files named index.html
 * @param page whether there is a /404.html
 */
export function workersAssets(indexes: readonly string[], page: boolean): Fetch {
  const table = assetTable(indexes.map((path) => ({ path })));
  return async (request, { platform }) => {
    const server = (platform as { readonly env: { readonly PORTICO_ASSETS: AssetServer } }).env.PORTICO_ASSETS;
    const { pathname } = new URL(request.url);
    const found = findAsset(table, pathname);
    if (found && "location" in found) return answerRedirect(request, found);
    if (found) return refuseMethod(request) ?? server.fetch(assetRequest(request, found.path, request.headers));
    if (!page || !acceptsPage(request)) return notFound(page);
    // Without the request's preconditions, which do not apply to a 404 (RFC 9110 section 13.2.1).
    const { body, headers } = await server.fetch(assetRequest(request, notFoundPage, new Headers()));
    const own = new Headers(headers);
    own.delete("etag");
    own.set("vary", "accept");
    return new Response(body, { status: 404, headers: own });
  };
}

/** The asset server redirects every other spelling of a path to the one of encodeURIComponent. */
function assetRequest({ url, method }: Request, path: string, headers: Headers): Request {
  const spelled = path.split("/").map((name) => encodeURIComponent(decodeURIComponent(name)));
  return new Request(new URL(spelled.join("/"), url), { method, headers });
}
