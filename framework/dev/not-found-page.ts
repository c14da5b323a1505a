/** The 404 and 400 responses of `portico dev`: a page of routes for browsers, the JSON of production for others. */
import type { LambdaFront } from "../model/app.ts";
import type { Route } from "../model/route.ts";
import { type HttpRequest, type HttpResponse, jsonResponse } from "../model/http-message.ts";
import type { Target } from "../model/target.ts";
import { gatewayResponse } from "../emulation/http-api/integration-response.ts";
import { type Markup, markup, pageResponse, wantsHtml } from "./html-page.ts";

/** 400 for a malformed percent escape, as in production: from the HTTP API itself, else from Portico's runtime. */
export function badRequestResponse(
  front: { readonly target: Target; readonly front?: LambdaFront },
  requestId: string,
): HttpResponse {
  const isApi = front.target === "lambda" && front.front !== "function-url";
  return isApi ? gatewayResponse(400, "Bad Request", requestId) : jsonResponse(400, { error: "Bad Request" });
}

/**
 * 404 with production's body, except for browsers.
 * @param routes absent for a plain folder
 */
export function notFoundResponse(request: HttpRequest, routes?: readonly Route[]): HttpResponse {
  if (!wantsHtml(request)) return jsonResponse(404, { error: "Not Found" });
  const [path = ""] = request.target.split("?");
  const main = markup`<div class="kind">404 Not Found</div>
<h1>Nothing is served at ${readable(path)}</h1>
${routes && routesMarkup(routes)}
<p><a href="/">Back to /</a></p>
<footer>This page is only shown by portico dev.</footer>`;
  return pageResponse(404, `404 ${path}`, main);
}

const routesMarkup = (routes: readonly Route[]): Markup =>
  routes.length === 0
    ? markup`<p>There are no routes yet. A file functions/index.ts would serve /.</p>`
    : markup`<h2>Routes</h2><table>${routes.map(row)}</table>`;

/** A pattern with params is no link, since it has no single path. */
function row({ pattern, segments, file }: Route): Markup {
  const fixed = segments.every(({ kind }) => kind === "static" || kind === "optional-rest");
  const names = segments.flatMap((segment) => (segment.kind === "static" ? [encodeURIComponent(segment.value)] : []));
  const path = `/${names.join("/")}`;
  const name = fixed ? markup`<a href="${path}">${pattern}</a>` : markup`${pattern}`;
  return markup`<tr><td><code>${name}</code></td><td><code>${file}</code></td></tr>`;
}

/** The decoded path; the path itself where it has a malformed escape. */
function readable(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return path;
    throw error;
  }
}
