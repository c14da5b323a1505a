/** What Lambda's fronts put in events, each in its own way: maps with single values or lists, and bodies in; headers and bytes out. */

/** A map of an event: absent, null, or with values that are not strings. */
export type EventMap = Readonly<Record<string, EventValue | readonly EventValue[]>> | null | undefined;

type EventValue = string | number | boolean | null | undefined;

/** Pairs of a map with single values or lists, in order; null stands for nothing. */
export function eventPairs(map: EventMap): (readonly [name: string, value: string])[] {
  const pairs: [string, string][] = [];
  for (const name in map) {
    const values = map[name];
    if (typeof values === "string") pairs.push([name, values]);
    else for (const value of [values].flat()) if (value != null) pairs.push([name, String(value)]);
  }
  return pairs;
}

/** By names in lower case; repeated fields are joined as RFC 9110 section 5.3 says, cookies as RFC 6265 section 5.4. */
export function eventHeaders(map: EventMap): Readonly<Record<string, string>> {
  const headers = Object.create(null) as Record<string, string>;
  for (const [given, value] of eventPairs(map)) {
    const name = given.toLowerCase();
    const before = headers[name];
    headers[name] = before === undefined ? byteString(value) : before + (name === "cookie" ? "; " : ", ") + byteString(value);
  }
  return headers;
}

/** Fronts decode what Fetch keeps as bytes: characters beyond Latin-1 become the UTF-8 bytes that the client must have sent. */
const byteString = (value: string): string => (/[^\0-\xff]/.test(value) ? Buffer.from(value).toString("latin1") : value);

/** Text becomes bytes, since a Request would give text without a type one. */
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
