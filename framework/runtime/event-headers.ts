/** Reads the headers, query parameters and bodies of Lambda events, whose shapes differ by event source. */

/** Headers or query parameters of an event; may be absent or null, and values need not be strings. */
export type EventMap = Readonly<Record<string, EventValue | readonly EventValue[]>> | null | undefined;

type EventValue = string | number | boolean | null | undefined;

/** The pairs of a map with single values or lists, in order, without null values. */
export function eventPairs(map: EventMap): (readonly [name: string, value: string])[] {
  const pairs: [string, string][] = [];
  for (const name in map) {
    const values = map[name];
    if (typeof values === "string") pairs.push([name, values]);
    else for (const value of [values].flat()) if (value != null) pairs.push([name, String(value)]);
  }
  return pairs;
}

/**
 * Headers by lower-case names; repeated ones are joined as in RFC 9110 section 5.3, cookies as in RFC 6265 section 5.4.
 */
export function eventHeaders(map: EventMap): Readonly<Record<string, string>> {
  const headers = Object.create(null) as Record<string, string>;
  for (const [given, value] of eventPairs(map)) {
    const name = given.toLowerCase();
    const before = headers[name];
    headers[name] =
      before === undefined ? byteString(value) : before + (name === "cookie" ? "; " : ", ") + byteString(value);
  }
  return headers;
}

/**
 * Event sources decode header values as UTF-8, which Fetch keeps as bytes: characters beyond Latin-1 become their UTF-8
 * bytes again.
 */
const byteString = (value: string): string =>
  /[^\0-\xff]/.test(value) ? Buffer.from(value).toString("latin1") : value;

/**
 * The path with a slash at its beginning, which only hand-made events lack. Throws TypeError for a value that is no
 * string.
 */
export const withLeadingSlash = (path: string): string => (path.startsWith("/") ? path : `/${path}`);

/** Replaces a Host that no URL can have, such as one with the port 99999999, by the event source's own domain. */
export const withUsableHost = (
  headers: Readonly<Record<string, string>>,
  domainName: string,
): Readonly<Record<string, string>> =>
  URL.canParse(`http://${headers["host"]}`) ? headers : { ...headers, host: domainName };

/** Converts text to bytes, since a Request would add a content type to text. */
export const eventBody = ({
  body,
  isBase64Encoded = false,
}: {
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
}): { readonly body: string | Uint8Array<ArrayBuffer> | null; readonly isBase64Encoded: boolean } => ({
  body: body && !isBase64Encoded ? Buffer.from(body) : (body ?? null),
  isBase64Encoded,
});
