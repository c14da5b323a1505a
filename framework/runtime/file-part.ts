/** Reads a part of an open file: a handle in, its bytes out, or a stream of them where they are many; the handle is closed in any case. */

/** What is used of Node's FileHandle. */
interface OpenFile {
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

/** Up to this many bytes are read at once; more is streamed in parts of this size. */
const partBytes = 64 * 1024;

/**
 * The bytes from `first` up to `end`. Rejects when the file is shorter than that, and a stream fails then.
 * @param name for messages
 */
export async function readFilePart(
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
  let at = first;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const part = await readPart(handle, name, at, Math.min(at + partBytes, end));
          at += part.byteLength;
          controller.enqueue(part);
        } catch (error) {
          await handle.close();
          throw error;
        }
        if (at < end) return;
        await handle.close();
        controller.close();
      },
      cancel: () => handle.close(),
    },
    // Nothing is read that is not asked for.
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
