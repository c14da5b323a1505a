/** Packs an HTTP message, with its head as it is, into the body of another message, and unpacks it again. */

/** The head of a request or of an answer. */
export interface MessageHead {
  readonly method?: string;
  readonly url?: string;
  readonly status?: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The head is JSON, after four bytes that hold its length. */
const lengthBytes = 4;

function headBytes(head: MessageHead): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json]);
}

/** Packs a message whose body is streamed. */
export function frame(
  head: MessageHead,
  body: ReadableStream<Uint8Array> | Uint8Array | null,
): ReadableStream<Uint8Array> {
  const first = headBytes(head);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => controller.enqueue(first),
  });
  const source = body instanceof Uint8Array ? new Blob([Buffer.from(body)]).stream() : (body ?? new Blob([]).stream());
  // The reader of the other side gets the error.
  source.pipeTo(writable).catch(() => undefined);
  return readable;
}

/** Unpacks a message that has arrived completely. */
export function unframe(bytes: Uint8Array): { readonly head: MessageHead; readonly body: Buffer<ArrayBuffer> } {
  const message = Buffer.from(bytes);
  const end = lengthBytes + message.readUInt32BE(0);
  return {
    head: JSON.parse(message.subarray(lengthBytes, end).toString("utf8")) as MessageHead,
    body: message.subarray(end),
  };
}

/** Resolves when the head has arrived; the body is read as it arrives. */
export async function unframeStream(
  stream: ReadableStream<Uint8Array>,
): Promise<{ readonly head: MessageHead; readonly body: ReadableStream }> {
  const reader = stream.getReader();
  let received = Buffer.alloc(0);
  const hasHead = (): boolean =>
    received.length >= lengthBytes && received.length >= lengthBytes + received.readUInt32BE(0);
  while (!hasHead()) {
    const part = await reader.read();
    if (part.done) throw new Error("a framed message ended within its head");
    received = Buffer.concat([received, part.value]);
  }
  const { head, body: rest } = unframe(received);
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        if (rest.length > 0) controller.enqueue(rest);
      },
      async pull(controller) {
        const part = await reader.read();
        if (part.done) controller.close();
        else controller.enqueue(part.value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { head, body };
}
