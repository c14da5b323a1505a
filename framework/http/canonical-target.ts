/** The canonical form of a request target's path and query, and the origin of a Host header. */
import { canonicalPath } from "../runtime/path.ts";

/** A path that is canonical: no escape, no dot segment, no character that a URL would escape. */
const path = String.raw`(?:[\w~!$&'()*+,;=:@-]|\.(?!\.?(?:\/|\?|$))|\/(?!\.))*`;
const canonicalAlready = new RegExp(String.raw`^\/${path}(?:\?[\w~!$&()*+,;=:@/?.%-]*)?$`);
const canonicalPathAlready = new RegExp(String.raw`^\/${path}$`);

/** The canonical path of a raw one in origin form, without dot segments. Throws URIError for a malformed escape. */
export const urlPath = (raw: string): string =>
  canonicalPathAlready.test(raw) ? raw : canonicalPath(new URL(`http://localhost${raw}`).pathname);

/**
 * The path and query of a target in origin form, the full URL of one in absolute form (RFC 9112 section 3.2.2).
 * Undefined for another form, a backslash in the path, a fragment, or a malformed escape.
 */
export function canonicalTarget(target: string): string | undefined {
  if (canonicalAlready.test(target)) return target;
  const absolute = /^https?:\/\//i.test(target);
  if (!absolute && !target.startsWith("/")) return undefined;
  const [, raw = ""] = /^([^?]*)/.exec(target) ?? [];
  // WHATWG URLs turn a backslash into a slash, so that a proxy would see another path; a target has no fragment.
  if (raw.includes("\\") || target.includes("#")) return undefined;
  const url = URL.parse(absolute ? target : `http://host${target}`);
  if (!url) return undefined;
  try {
    const canonical = canonicalPath(url.pathname) + queryOf(url);
    return absolute ? url.origin + canonical : canonical;
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** The query with its question mark, which `search` leaves out if nothing follows. */
const queryOf = ({ href, search }: URL): string => search || (href.endsWith("?") ? "?" : "");

const origins: Readonly<Record<"http" | "https", Map<string, string | undefined>>> = {
  http: new Map(),
  https: new Map(),
};

/**
 * `http://example.com` of a scheme and a Host header; undefined for an invalid host (RFC 9110 section 7.2). Caches 500
 * hosts.
 */
export function originOf(scheme: "http" | "https", host: string): string | undefined {
  const cache = origins[scheme];
  const cached = cache.get(host);
  if (cached !== undefined || cache.has(host)) return cached;
  const origin = /^[^\s/?#@\\]+$/.test(host) ? URL.parse(`${scheme}://${host}`)?.origin : undefined;
  if (cache.size >= 500) cache.clear();
  cache.set(host, origin);
  return origin;
}
