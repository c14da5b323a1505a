/** What `portico dev` answers where nothing is: the app's routes in, a page that lists them for browsers or our JSON 404 out. */
import type { Route } from "../model/route.ts";
import type { WireRequest, WireResponse } from "../model/wire.ts";
import { jsonAnswer } from "./guard.ts";
import { type Markup, markup, pageResponse, wantsHtml } from "./page.ts";

/**
 * 404, in the words of production but for browsers.
 * @param routes absent where a plain folder is served
 */
export function missingResponse(request: WireRequest, routes?: readonly Route[]): WireResponse {
  if (!wantsHtml(request)) return jsonAnswer(404, { error: "Not Found" });
  const [path = ""] = request.target.split("?");
  const main = markup`<div class="kind">404 Not Found</div>
<h1>Nothing is served at ${readable(path)}</h1>
${routes && routesMarkup(routes)}
<footer>This page is only shown by portico dev.</footer>`;
  return pageResponse(404, `404 ${path}`, main);
}

const routesMarkup = (routes: readonly Route[]): Markup =>
  routes.length === 0
    ? markup`<p>There are no routes yet. A file functions/index.ts would serve /.</p>`
    : markup`<h2>Routes</h2><table>${routes.map(row)}</table>`;

/** Only a pattern without params is a link: the others have no one path. */
function row({ pattern, segments, file }: Route): Markup {
  const fixed = segments.every(({ kind }) => kind === "static" || kind === "optional-rest");
  const path = `/${segments.flatMap((segment) => (segment.kind === "static" ? [encodeURIComponent(segment.value)] : [])).join("/")}`;
  const name = fixed ? markup`<a href="${path}">${pattern}</a>` : markup`${pattern}`;
  return markup`<tr><td><code>${name}</code></td><td><code>${file}</code></td></tr>`;
}

/** Decoded for reading where it can be. */
function readable(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return path;
    throw error;
  }
}
