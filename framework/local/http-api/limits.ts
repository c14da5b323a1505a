/** What an HTTP API refuses before any function runs: a WireRequest in, the gateway's answer or nothing out. */
import type { WireRequest, WireResponse } from "../../model/wire.ts";
import { apiPath } from "./api-path.ts";
import { gatewayAnswer } from "./result.ts";

/** Largest body, bytes. */
export const maxBody = 10 * 1024 * 1024;
/** Request line and headers together, bytes. */
export const maxHead = 10_240;
/** Longest time to an answer, milliseconds. */
export const maxWaitMs = 30_000;

/** As they are on the wire, line ends included. */
function headBytes({ method, target, headers }: WireRequest): number {
  return headers.reduce(
    (sum, [name, value]) => sum + name.length + value.length + 4,
    method.length + target.length + " HTTP/1.1\r\n".length + 1,
  );
}

/**
 * 400 for a path that has a malformed percent escape, once decoded too, 413 for a body over 10 MB, 431 for a head over 10,240 bytes (the status is believed;
 * the quota is documented).
 */
export function refusedByApi(request: WireRequest, requestId: string): WireResponse | undefined {
  if (headBytes(request) > maxHead) return gatewayAnswer(431, "Request Header Fields Too Large", requestId);
  if (apiPath(request.target) === undefined) return gatewayAnswer(400, "Bad Request", requestId);
  if (request.body.byteLength > maxBody) return gatewayAnswer(413, "Request Entity Too Large", requestId);
  return undefined;
}
