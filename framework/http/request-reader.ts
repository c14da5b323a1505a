/** Reads the target, headers and body of a node:http request. */
import type { IncomingMessage } from "node:http";
import type { HttpHeaders } from "../model/http-message.ts";
import { headerPairs, connectionHeaders } from "./response-conversion.ts";

// With those of RFC 2616 section 13.5.1, which proxies still drop.
const hopByHop: ReadonlySet<string> = new Set([...connectionHeaders, "proxy-authenticate", "proxy-authorization"]);

/**
 * Drops hop-by-hop headers and those that Connection names, except Host, which the guard has checked.
 */
export function withoutHopByHop(headers: HttpHeaders): HttpHeaders {
  let named: Set<string> | undefined;
  let isFound = false;
  for (const [given, value] of headers) {
    const name = given.toLowerCase();
    if (!hopByHop.has(name)) continue;
    isFound = true;
    if (name !== "connection") continue;
    named ??= new Set();
    for (const other of value.split(",")) named.add(other.trim().toLowerCase());
  }
  if (!isFound) return headers;
  named?.delete("host");
  return headers.filter(([given]) => {
    const name = given.toLowerCase();
    return !hopByHop.has(name) && !named?.has(name);
  });
}

/** The headers as they were received, in their case and order. */
export function receivedHeaders(message: IncomingMessage): HttpHeaders {
  return headerPairs(message.rawHeaders);
}

/** Adds trailers to the headers, once the body is read. @param names in lower case; other trailers are dropped */
export function withTrailers(
  headers: HttpHeaders,
  message: IncomingMessage,
  names: readonly string[] | undefined,
): HttpHeaders {
  if (!names || message.rawTrailers.length === 0) return headers;
  return [...headers, ...headerPairs(message.rawTrailers).filter(([name]) => names.includes(name.toLowerCase()))];
}

/** Whether a message has a body (RFC 9112 section 6.3). */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;

/** The target of a request line. */
export interface Target {
  /** Path and query. */
  readonly target: string;
  /** Of a target in absolute form, which overrides Host (RFC 9112 section 3.2.2). */
  readonly authority?: string;
}

/**
 * The request target (RFC 9112 section 3.2), or undefined for a form other than origin and absolute. Bytes beyond ASCII
 * must be escaped, as node's parser demands too, and so must a backslash in a path, which URLs take for a slash.
 */
export function readTarget(url: string): Target | undefined {
  const [absolute, authority] = /^https?:\/\/([^/?#]*)/i.exec(url) ?? [""];
  let target = url.slice(absolute.length);
  if (absolute && !target.startsWith("/")) target = `/${target}`;
  if (!/^\/[!-"$->@-[\]-~]*(?:\?[!-"$-~]*)?$/.test(target)) return undefined;
  return { target, ...(authority !== undefined && { authority }) };
}

/** The headers with another Host. */
export const withHost = (headers: HttpHeaders, host: string): HttpHeaders => [
  ["Host", host],
  ...headers.filter(([name]) => name.toLowerCase() !== "host"),
];

/**
 * The full body, or undefined if it is longer than `limit` bytes. More of a body that is too long is read and dropped,
 * since clients write before they read.
 */
export async function readBody(message: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
    if (size > 4 * limit + 1_048_576) break;
  }
  return size > limit ? undefined : Buffer.concat(chunks);
}
