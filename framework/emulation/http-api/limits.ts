/** The limits of an HTTP API: the requests that it refuses before a function runs, and its integration timeout. */
import type { HttpRequest, HttpResponse } from "../../model/http-message.ts";
import { gatewayResponse } from "./integration-response.ts";
import { apiPath } from "./routing.ts";

/** Largest body, bytes. */
export const maxBody = 10 * 1024 * 1024;
/** Request line and headers together, bytes. */
export const maxHead = 10_240;
/** Milliseconds that an HTTP API waits for its Lambda function. */
export const integrationTimeoutMs = 30_000;

/** The size of the head in HTTP/1.1, line breaks included. */
function headBytes({ method, target, headers }: HttpRequest): number {
  return headers.reduce(
    (sum, [name, value]) => sum + name.length + value.length + 4,
    method.length + target.length + " HTTP/1.1\r\n".length + 1,
  );
}

/**
 * 400 for a path with a malformed percent escape, even after one decoding, 413 for a body over 10 MB, 431 for a head
 * over 10,240 bytes (AWS documents the quota, not the status).
 */
export function refusedByApi(request: HttpRequest, requestId: string): HttpResponse | undefined {
  if (headBytes(request) > maxHead) return gatewayResponse(431, "Request Header Fields Too Large", requestId);
  if (apiPath(request.target) === undefined) return gatewayResponse(400, "Bad Request", requestId);
  if (request.body.byteLength > maxBody) return gatewayResponse(413, "Request Entity Too Large", requestId);
  return undefined;
}
