/**
 * Counts the bytes of a response's body and reports when it has ended: for the access log, and for what is to be
 * released then.
 */
import type { HttpResponse } from "../model/http-message.ts";

/**
 * Returns the same response and calls `onCounted` once: at once for a body in memory, with 0 for no body (HEAD, 204,
 * 304), and for a stream when it ends, fails or is cancelled. A stream is read no faster than its consumer reads.
 */
export function countBytes(response: HttpResponse, method: string, onCounted: (bytes: number) => void): HttpResponse {
  const { status, body } = response;
  if (method === "HEAD" || status === 204 || status === 304) {
    onCounted(0);
    return response;
  }
  if (body instanceof Uint8Array) {
    onCounted(body.byteLength);
    return response;
  }
  return { ...response, body: countStream(body, onCounted) };
}

function countStream(body: ReadableStream<Uint8Array>, onCounted: (bytes: number) => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let bytes = 0;
  let ended = false;
  const end = (): void => {
    // A cancel also ends the pending read.
    if (!ended) onCounted(bytes);
    ended = true;
  };
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const part = await reader.read().catch((error: unknown) => {
      end();
      throw error;
    });
    if (ended) return;
    if (part.done) {
      controller.close();
      return end();
    }
    bytes += part.value.byteLength;
    controller.enqueue(part.value);
  };
  const cancel = async (reason: unknown): Promise<void> => {
    end();
    await reader.cancel(reason);
  };
  return new ReadableStream<Uint8Array>({ pull, cancel }, { highWaterMark: 0 });
}
