/** Between the wire and the Web's own types: WireRequest to Request, Response to WireResponse. */
import type { WireHeaders, WireRequest, WireResponse } from "../model/wire.ts";
import { answerHeaders } from "../node/answer-headers.ts";
import { canonicalTarget, originOf } from "../node/canonical-target.ts";
import { headersOf as flatHeadersOf } from "../node/open-request.ts";
import { createRequest } from "../node/plain-request.ts";
import { takePlain } from "../node/plain-response.ts";
import { canonicalPath } from "../runtime/path.ts";
import type { ClientLeft } from "./client-left.ts";

/** The headers of a request; repeated ones are joined as `Headers` does. */
export const headersOf = (request: Pick<WireRequest, "headers">): Headers => flatHeadersOf(request.headers.flat());

function pairs(flat: readonly string[]): WireHeaders {
  const list: (readonly [string, string])[] = [];
  for (let at = 0; at < flat.length; at += 2) list.push([flat[at]!, flat[at + 1]!]);
  return list;
}

/** A response as it is sent: set-cookie repeated, the body's stream passed on. */
export function toWireResponse(response: Response): WireResponse {
  const plain = takePlain(response);
  // Twice as fast as a TextEncoder on a short text.
  if (plain) return { status: plain.status, headers: pairs(plain.headers), body: Buffer.from(plain.body ?? "") };
  return { status: response.status, headers: pairs(answerHeaders(response)), body: response.body ?? new Uint8Array() };
}

/** For a target that `portico start` would refuse, such as one with a backslash. */
function resolved(target: string): string {
  const { pathname, search } = new URL(`http://localhost${target}`);
  return canonicalPath(pathname) + search;
}

/** The client's request with its path in canonical form; GET and HEAD lose a body that the Web does not allow. Throws URIError on a malformed escape. */
export function toRequest(wire: WireRequest, left?: ClientLeft): Request {
  const { method, target, scheme, port, body } = wire;
  const host = wire.headers.find(([name]) => name.length === 4 && name.toLowerCase() === "host")?.[1] ?? `127.0.0.1:${port}`;
  const empty = method === "GET" || method === "HEAD" || body.byteLength === 0;
  return createRequest({
    method,
    url: (originOf(scheme, host) ?? `${scheme}://127.0.0.1:${port}`) + (canonicalTarget(target) ?? resolved(target)),
    headers: () => headersOf(wire),
    body: () => (empty ? null : (body as Uint8Array<ArrayBuffer>)),
    signal: () => left?.signal ?? new AbortController().signal,
  });
}
