/** Counts what a response sends: the response in, the same response out, its bytes told once at the end. */
import type { WireResponse } from "../model/wire.ts";

/**
 * A body in memory is told at once, a stream when it ends, fails or is cancelled; without a body (HEAD, 204, 304) it is 0. A stream
 * is passed on chunk by chunk, never ahead of its reader.
 */
export function measured(response: WireResponse, method: string, tell: (bytes: number) => void): WireResponse {
  const { status, body } = response;
  if (method === "HEAD" || status === 204 || status === 304) {
    tell(0);
    return response;
  }
  if (body instanceof Uint8Array) {
    tell(body.byteLength);
    return response;
  }
  return { ...response, body: counted(body, tell) };
}

function counted(body: ReadableStream<Uint8Array>, tell: (bytes: number) => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let bytes = 0;
  let told = false;
  const end = (): void => {
    // A cancel also ends the read that is under way.
    if (!told) tell(bytes);
    told = true;
  };
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const part = await reader.read().catch((error: unknown) => {
      end();
      throw error;
    });
    if (told) return;
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
