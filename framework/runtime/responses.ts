/** Makes HTML responses and redirects, for which the platform's Response has no short form. */

/** HTML with its charset. @param init status and the other headers; those of a Response, which has getters, too */
export function html(body: string, { status, statusText, headers }: ResponseInit = {}): Response {
  const response = new Response(body, { status, statusText, headers } as ResponseInit);
  response.headers.set("content-type", "text/html; charset=utf-8");
  return response;
}

/**
 * A redirect whose location may be relative (`Response.redirect` refuses that). 303 makes the browser follow with GET,
 * as after a form.
 * @param location a path or URL; characters outside ASCII are escaped
 */
export function redirect(location: string, status: 301 | 302 | 303 | 307 | 308 = 303): Response {
  return new Response(null, { status, headers: { location: toLocation(location) } });
}

/** The value of a Location header: everything outside of printable ASCII is escaped. */
export const toLocation = (location: string): string =>
  // oxlint-disable-next-line no-control-regex -- what a header cannot hold
  location.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
