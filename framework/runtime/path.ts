/** Paths in their one canonical form, and params out of it: a raw path or matched groups in, the canonical path or decoded params out. */

/** Params found by a pattern; an optional rest param that is not there is left out. */
export type Found = Record<string, string>;

/**
 * Escapes every character that a path cannot hold (RFC 3986 section 3.3 names those it can), as UTF-8 with upper-case hex. "/" is
 * kept: the input is a whole decoded path. Throws URIError on a lone surrogate.
 */
export const escapePath = (path: string): string => encodeURI(path).replace(/[?#]/g, encodeURIComponent);

/** The named groups of a matched pattern as params, decoded once; a group that matched nothing is left out, and none are no groups. */
export const decodeParams = (groups: Readonly<Partial<Found>> | undefined): Found => {
  const params: Found = {};
  for (const name in groups) if (groups[name]) params[name] = decodeURIComponent(groups[name]);
  return params;
};

/** One param, decoded once; most have nothing to decode. */
export const decodeParam = (value: string): string => (value.includes("%") ? decodeURIComponent(value) : value);

/**
 * The canonical form of a raw path, segment by segment, so that `%2F` stays what it is. Throws URIError on a malformed escape.
 * One form on every target: Lambda's HTTP API hands paths over decoded, so what the client escaped needlessly cannot be kept.
 */
export const canonicalPath = (path: string): string =>
  path
    .split("/")
    .map((segment) => escapePath(decodeURIComponent(segment)).replaceAll("/", "%2F"))
    .join("/");
