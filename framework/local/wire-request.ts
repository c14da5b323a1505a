/** Reads one request off node:http: its message in, a WireRequest (or why there is none) out. */
import type { IncomingMessage } from "node:http";
import type { WireHeaders } from "../model/wire.ts";
import { ofConnection } from "../node/answer-headers.ts";

// And what RFC 2616 section 13.5.1 had among them, as proxies still do.
const hopByHop: ReadonlySet<string> = new Set([...ofConnection, "proxy-authenticate", "proxy-authorization"]);

/** Drops the headers that belong to one connection, and those that Connection names (never Host, which the guard has read). */
export function withoutHopByHop(headers: WireHeaders): WireHeaders {
  let named: Set<string> | undefined;
  let first = -1;
  for (let at = 0; at < headers.length; at++) {
    const [given, value] = headers[at]!;
    const name = given.toLowerCase();
    if (!hopByHop.has(name)) continue;
    if (first < 0) first = at;
    if (name !== "connection") continue;
    named ??= new Set();
    for (const other of value.split(",")) named.add(other.trim().toLowerCase());
  }
  if (first < 0) return headers;
  named?.delete("host");
  return headers.filter(([given]) => {
    const name = given.toLowerCase();
    return !hopByHop.has(name) && !named?.has(name);
  });
}

function pairs(flat: readonly string[]): (readonly [string, string])[] {
  const list: (readonly [string, string])[] = [];
  for (let at = 0; at < flat.length; at += 2) list.push([flat[at]!, flat[at + 1]!]);
  return list;
}

/** The headers in the case and order they had. */
export function wireHeaders(message: IncomingMessage): WireHeaders {
  return pairs(message.rawHeaders);
}

/** The headers, and the trailers named (in lower case); there are none before the body is read. */
export function withTrailers(headers: WireHeaders, message: IncomingMessage, names: readonly string[] | undefined): WireHeaders {
  if (!names || message.rawTrailers.length === 0) return headers;
  return [...headers, ...pairs(message.rawTrailers).filter(([name]) => names.includes(name.toLowerCase()))];
}

/** RFC 9112 section 6.3: without one of these there is nothing to read. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;

/**
 * The request target in origin form (RFC 9112 section 3.2), or undefined for anything else. Of an absolute form only path and
 * query are taken: its authority is as untrusted as the sender. Bytes beyond ASCII must come escaped (node's parser insists, too).
 */
export function originForm(url: string): string | undefined {
  const absolute = /^https?:\/\/[^/?#]*/i.exec(url);
  let target = absolute ? url.slice(absolute[0].length) : url;
  if (absolute && !target.startsWith("/")) target = `/${target}`;
  if (!target.startsWith("/")) return undefined;
  return /^[!-"$-~]+$/.test(target) ? target : undefined;
}

/**
 * The whole body, or undefined when it is longer than `limit` bytes. What is too long is read on for a while and dropped, since
 * clients write before they read.
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
