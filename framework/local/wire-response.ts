/** Writes one WireResponse to node:http: repeated headers kept, streams with back-pressure, nothing after the client left. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { UserError } from "../model/user-error.ts";
import type { WireHeaders, WireResponse } from "../model/wire.ts";
import type { ClientLeft } from "./client-left.ts";
import { withoutHopByHop } from "./wire-request.ts";

/** The framing is ours: a length is taken over only where there is no body to measure. Names and values in turn. */
function framed(headers: WireHeaders, length: number | "given" | "none"): string[] {
  const flat: string[] = [];
  for (const [name, value] of withoutHopByHop(headers)) {
    if (length === "given" || name.length !== 14 || name.toLowerCase() !== "content-length") flat.push(name, value);
  }
  if (typeof length === "number") flat.push("content-length", String(length));
  return flat;
}

/** Up to so many bytes are written together with the head, as latin1, which is how node writes heads: one part instead of two. */
const smallBytes = 16_384;

function endWith(out: ServerResponse, body: Uint8Array): void {
  if (body.byteLength === 0 || body.byteLength > smallBytes) out.end(body);
  else out.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1"), "latin1");
}

/** Reads the stream as fast as the client takes it; cancels it when the client leaves. Rejects with UserError STREAM_FAILED. */
async function pour(stream: ReadableStream<Uint8Array>, out: ServerResponse, { signal: left }: ClientLeft): Promise<void> {
  const reader = stream.getReader();
  // Also ends a read that waits for data which may never come.
  const cancel = (): void => void reader.cancel(left.reason).catch(() => {});
  left.addEventListener("abort", cancel, { once: true });
  try {
    if (left.aborted) return cancel();
    for (let part = await reader.read(); !part.done && !left.aborted; part = await reader.read()) {
      if (!out.write(part.value)) await once(out, "drain", { signal: left });
    }
    if (!left.aborted) out.end();
  } catch (error) {
    cancel();
    if (left.aborted || out.destroyed) return;
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(
      "STREAM_FAILED",
      `an answer broke off: ${why}`,
      "see what fills that response's body; its client's connection was cut",
      {
        cause: error,
      },
    );
  } finally {
    left.removeEventListener("abort", cancel);
  }
}

/**
 * Sends the response. HEAD, 204 and 304 never get a body. Rejects, before anything is sent, on a status or header that HTTP
 * cannot carry; and midway when the stream fails or does not keep its content-length, so that the caller must cut the connection.
 */
export async function writeResponse(response: WireResponse, method: string, out: ServerResponse, left: ClientLeft): Promise<void> {
  const { status, headers, body } = response;
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new RangeError(`status ${status} cannot be sent`);
  const empty = method === "HEAD" || status === 204 || status === 304;
  const length = status === 204 ? "none" : empty || !(body instanceof Uint8Array) ? "given" : body.byteLength;
  // What is whole has the length that it is said to have; to check it, node would write head and body apart.
  out.strictContentLength = !empty && !(body instanceof Uint8Array);
  out.writeHead(status, framed(headers, length));
  if (body instanceof Uint8Array) {
    if (empty) out.end();
    else endWith(out, body);
  } else if (empty) {
    out.end();
    await body.cancel();
  } else {
    await pour(body, out, left);
  }
}
