/** Writes an HttpResponse to a node:http response, with back-pressure, until the client disconnects. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { UserError } from "../model/user-error.ts";
import type { HttpHeaders, HttpResponse } from "../model/http-message.ts";
import type { ClientDisconnect } from "./client-disconnect.ts";
import { withoutHopByHop } from "./request-reader.ts";

/**
 * The headers with the length of the body, names and values in turn. "keep" keeps the response's own content-length.
 */
function framedHeaders(headers: HttpHeaders, length: number | "keep" | "none"): string[] {
  const flat: string[] = [];
  for (const [name, value] of withoutHopByHop(headers)) {
    if (length === "keep" || name.length !== 14 || name.toLowerCase() !== "content-length") flat.push(name, value);
  }
  if (typeof length === "number") flat.push("content-length", String(length));
  return flat;
}

/**
 * Bytes of the largest body that is written together with the head: as latin1, in which node writes heads, both are one
 * chunk.
 */
const smallBodyBytes = 16_384;

function endWith(out: ServerResponse, body: Uint8Array): void {
  if (body.byteLength === 0 || body.byteLength > smallBodyBytes) out.end(body);
  else out.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1"), "latin1");
}

/**
 * Reads the stream as fast as the client reads, and cancels it when the client disconnects. Rejects with UserError
 * STREAM_FAILED.
 */
async function writeStream(
  stream: ReadableStream<Uint8Array>,
  out: ServerResponse,
  { signal }: ClientDisconnect,
): Promise<void> {
  const reader = stream.getReader();
  // Also ends a pending read.
  const cancel = (): void => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  try {
    if (signal.aborted) return cancel();
    for (let part = await reader.read(); !part.done && !signal.aborted; part = await reader.read()) {
      if (!out.write(part.value)) await once(out, "drain", { signal });
    }
    if (!signal.aborted) out.end();
  } catch (error) {
    cancel();
    if (signal.aborted || out.destroyed) return;
    const message = error instanceof Error ? error.message : String(error);
    throw new UserError(
      "STREAM_FAILED",
      `a response body failed: ${message}`,
      "Check the code that writes this response's body; the client's connection was closed",
      { cause: error },
    );
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/**
 * Sends the response, for HEAD, 204 and 304 without a body. Rejects before anything is sent for an invalid status or
 * header, and later if the stream fails or does not match its content-length; the caller must then close the
 * connection.
 */
export async function writeResponse(
  response: HttpResponse,
  method: string,
  out: ServerResponse,
  disconnect: ClientDisconnect,
): Promise<void> {
  const { status, headers, body } = response;
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new RangeError(`status ${status} cannot be sent`);
  const isEmpty = method === "HEAD" || status === 204 || status === 304;
  const length = status === 204 ? "none" : isEmpty || !(body instanceof Uint8Array) ? "keep" : body.byteLength;
  // A body in memory has its true length; if node checked it, it would write head and body apart.
  out.strictContentLength = !isEmpty && !(body instanceof Uint8Array);
  out.writeHead(status, framedHeaders(headers, length));
  if (body instanceof Uint8Array) {
    if (isEmpty) out.end();
    else endWith(out, body);
  } else if (isEmpty) {
    out.end();
    await body.cancel();
  } else {
    await writeStream(body, out, disconnect);
  }
}
