/** The canonical form of URL paths, and the decoding of route params. */

/** The paths below which Portico itself receives upload forms of `portico/files`. */
export const uploadsPath = "/.portico/files/";

/** Whether a form is sent to this canonical path, which has the name of one namespace below `uploadsPath`. */
export const isUploadPath = (path: string): boolean =>
  path.startsWith(uploadsPath) && path.length > uploadsPath.length && !path.includes("/", uploadsPath.length);

/** The path of a URL that is normalised and has no fragment. */
export function pathOf(url: string): string {
  const query = url.indexOf("?");
  return url.slice(url.indexOf("/", url.indexOf("://") + 3), query < 0 ? undefined : query);
}

/** The params of a matched path; an optional rest param that is absent is left out. */
export type ParamValues = Record<string, string>;

/**
 * Escapes every character that a path cannot hold (RFC 3986 section 3.3), as UTF-8 with upper-case hex. "/" is kept,
 * since the input is a decoded path. Throws URIError on a lone surrogate.
 */
export const escapePath = (path: string): string => encodeURI(path).replace(/[?#]/g, encodeURIComponent);

/**
 * The named groups of a matched pattern as params, decoded once. A group that matched nothing is left out; without
 * named groups there are no params.
 */
export const decodeParams = (groups: Readonly<Partial<ParamValues>> | undefined): ParamValues => {
  const params: ParamValues = {};
  for (const name in groups) if (groups[name]) params[name] = decodeURIComponent(groups[name]);
  return params;
};

/** One param, decoded once. */
export const decodeParam = (value: string): string => (value.includes("%") ? decodeURIComponent(value) : value);

/**
 * The canonical form of a raw path, escaped segment by segment, so that `%2F` stays. Throws URIError on a malformed
 * escape. Every target uses this form, since an HTTP API's events have decoded paths and lose unnecessary escapes.
 */
export const canonicalPath = (path: string): string =>
  path
    .split("/")
    .map((segment) => escapePath(decodeURIComponent(segment)).replaceAll("/", "%2F"))
    .join("/");
