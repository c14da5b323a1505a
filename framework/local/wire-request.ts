/** Reads one request off node:http: its message in, a WireRequest (or why there is none) out. */
import type { IncomingMessage } from "node:http";
import type { WireHeaders } from "../model/wire.ts";

// RFC 9110 section 7.6.1, and what proxies add: they describe a connection, not a message.
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Drops the headers that belong to one connection, and those that Connection names (never Host, which the guard has read). */
export function withoutHopByHop(headers: WireHeaders): WireHeaders {
  const named = headers.filter(([name]) => name.toLowerCase() === "connection").flatMap(([, value]) => value.split(","));
  const dropped = new Set(named.map((name) => name.trim().toLowerCase()).filter((name) => name !== "host"));
  return headers.filter(([name]) => !hopByHop.has(name.toLowerCase()) && !dropped.has(name.toLowerCase()));
}

const pairs = (flat: readonly string[]): WireHeaders => flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]!] as const] : []));

/** The headers in the case and order they had. */
export function wireHeaders(message: IncomingMessage): WireHeaders {
  return pairs(message.rawHeaders);
}

/** The trailers named; there are none before the body is read. */
export function wireTrailers(message: IncomingMessage, names: readonly string[] = []): WireHeaders {
  return pairs(message.rawTrailers).filter(([name]) => names.includes(name.toLowerCase()));
}

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
