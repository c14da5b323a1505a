/** `csrf`: refuses requests that other sites make browsers send, the login's included. */
import { jsonError } from "../../runtime/error-response.ts";
import { callOf, type PorticoMiddleware } from "../../runtime/hono-context.ts";
import { hasCookie } from "./cookie.ts";

/** Which sites may send. */
export interface CsrfOptions {
  /** Other origins of the app's own site, such as `https://admin.example.com`. */
  readonly origins?: readonly string[];
}

/**
 * Middleware: a request with a method that changes something is 403 if another site made it, or a sibling that is not
 * listed.
 */
export const csrf =
  ({ origins = [] }: CsrfOptions = {}): PorticoMiddleware =>
  async (c, next) => {
    const [request] = callOf(c);
    if (/^(?:GET|HEAD|OPTIONS)$/.test(request.method) || isOwn(request, origins)) return next();
    return jsonError(403, "Refused: another site sent this request");
  };

/**
 * Browsers say where a request is from: by Sec-Fetch-Site (w3.org/TR/fetch-metadata), old ones and those on plain HTTP
 * by Origin alone. A client that says neither is no browser, and may do what needs no session.
 */
function isOwn(request: Request, origins: readonly string[]): boolean {
  const [site, origin] = ["sec-fetch-site", "origin"].map((name) => request.headers.get(name));
  const isListed = !!origin && origins.includes(origin);
  if (site) return site === "same-origin" || site === "none" || (site === "same-site" && isListed);
  if (origin) return origin === new URL(request.url).origin || isListed;
  return !hasCookie(request);
}
