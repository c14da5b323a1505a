/** Between the wire and the Web's own types: WireRequest to Request, Response to WireResponse. */
import type { WireHeaders, WireRequest, WireResponse } from "../model/wire.ts";
import { plainParts } from "../node/plain-response.ts";
import { canonicalPath } from "../runtime/path.ts";

/** The headers of a request; repeated ones are joined as `Headers` does. */
export function headersOf(request: Pick<WireRequest, "headers">): Headers {
  const headers = new Headers();
  for (const [name, value] of request.headers) {
    // RFC 9113 section 8.2.3: cookies are joined with "; ", never with a comma.
    const before = name.toLowerCase() === "cookie" ? headers.get("cookie") : null;
    if (before === null) headers.append(name, value);
    else headers.set("cookie", `${before}; ${value}`);
  }
  return headers;
}

const encoder = new TextEncoder();

function pairs(flat: readonly string[]): WireHeaders {
  const list: (readonly [string, string])[] = [];
  for (let at = 0; at < flat.length; at += 2) list.push([flat[at]!, flat[at + 1]!]);
  return list;
}

/** A response as it is sent: set-cookie repeated, the body's stream passed on. */
export function toWireResponse(response: Response): WireResponse {
  const plain = plainParts(response);
  if (plain) return { status: plain.status, headers: pairs(plain.headers), body: encoder.encode(plain.body ?? "") };
  const headers: WireHeaders = [...response.headers];
  return { status: response.status, headers, body: response.body ?? new Uint8Array() };
}

/** The client's request with its path in canonical form; GET and HEAD lose a body that the Web does not allow. Throws URIError on a malformed escape. */
export function toRequest(wire: WireRequest, signal?: AbortSignal): Request {
  const { method, target, scheme, port, body } = wire;
  const headers = headersOf(wire);
  const host = headers.get("host") ?? `127.0.0.1:${port}`;
  const url = new URL(`${scheme}://${host}${target}`);
  const query = target.includes("?") ? target.slice(target.indexOf("?")) : "";
  const empty = method === "GET" || method === "HEAD" || body.byteLength === 0;
  return new Request(url.origin + canonicalPath(url.pathname) + query, {
    method,
    headers,
    body: empty ? null : (body as Uint8Array<ArrayBuffer>),
    ...(signal && { signal }),
  });
}
