/** Reads a range of an open file as bytes, or as a stream if it is large, and closes the file. */

/** The part of Node's FileHandle that is used here. */
interface OpenFile {
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

/** Up to this many bytes are read at once; more is streamed in parts of this size. */
const partBytes = 64 * 1024;

/**
 * The bytes from `first` up to `end`, exclusive. Rejects when the file is shorter than that; a stream fails.
 * @param name for error messages
 */
export async function readRange(
  handle: OpenFile,
  name: string,
  first: number,
  end: number,
): Promise<Uint8Array | ReadableStream<Uint8Array>> {
  if (end - first > partBytes) return streamPart(handle, name, first, end);
  try {
    return await readPart(handle, name, first, end);
  } finally {
    await handle.close();
  }
}

/** Closes the file at its end, when it fails and when the reader cancels. */
function streamPart(handle: OpenFile, name: string, first: number, end: number): ReadableStream<Uint8Array> {
  let position = first;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const part = await readPart(handle, name, position, Math.min(position + partBytes, end));
          position += part.byteLength;
          controller.enqueue(part);
        } catch (error) {
          await handle.close();
          throw error;
        }
        if (position < end) return;
        await handle.close();
        controller.close();
      },
      cancel: () => handle.close(),
    },
    // Reads nothing before the consumer asks for it.
    { highWaterMark: 0 },
  );
}

async function readPart(handle: OpenFile, name: string, first: number, end: number): Promise<Uint8Array> {
  const part = new Uint8Array(end - first);
  let filled = 0;
  while (filled < part.byteLength) {
    const { bytesRead } = await handle.read(part, filled, part.byteLength - filled, first + filled);
    if (bytesRead === 0) throw new Error(`${name} became shorter while it was read`);
    filled += bytesRead;
  }
  return part;
}
