/** Converts a Web Response to what an HTTP/1.1 server sends: its list of headers, or an HttpResponse. */
import type { HttpHeaders, HttpResponse } from "../model/http-message.ts";

/** Headers of a connection, which do not belong to a message (RFC 9110 section 7.6.1). */
export const connectionHeaders: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Headers of an encoded body: `fetch` decodes it, so that they no longer apply to its responses. */
const encodingHeaders: ReadonlySet<string> = new Set(["content-encoding", "content-length"]);

/** The headers that a server sends for a Response, names and values in turn; set-cookie is repeated. */
export function responseHeaders(response: Response): string[] {
  const list: string[] = [];
  for (const [name, value] of response.headers)
    if (!connectionHeaders.has(name) && !(response.url && encodingHeaders.has(name))) list.push(name, value);
  return list;
}

/** The headers with another content-length, or with none for undefined. */
export function withContentLength(headers: readonly string[], bytes: number | undefined): string[] {
  const others = headers.filter((_, index) => headers[index - (index % 2)] !== "content-length");
  return bytes === undefined ? others : [...others, "content-length", String(bytes)];
}

/** The Response as it is sent: set-cookie repeated, the body's stream passed on. */
export function toHttpResponse(response: Response): HttpResponse {
  const { status, body } = response;
  return { status, headers: headerPairs(responseHeaders(response)), body: body ?? new Uint8Array() };
}

/** Pairs of a flat list of names and values. */
export function headerPairs(flat: readonly string[]): HttpHeaders {
  const list: (readonly [string, string])[] = [];
  for (let index = 0; index < flat.length; index += 2) list.push([flat[index]!, flat[index + 1]!]);
  return list;
}
