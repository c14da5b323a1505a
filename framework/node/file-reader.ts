/** Reads static files from disk: a folder in, a reader of parts of its files out; what is large comes as a stream, as fast as it is taken. */
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import type { ReadAsset } from "../runtime/assets.ts";

/** Up to this many bytes are read at once; more is streamed in parts of this size. */
const partBytes = 64 * 1024;

/**
 * The reader for files named relative to the folder. Rejects for a file whose size is not what was seen before, with node's error where
 * it cannot be opened; a stream fails when the file becomes shorter while it is read.
 */
export const createFileReader =
  (folder: string): ReadAsset =>
  async ({ file, bytes }, first, end) => {
    const handle = await open(resolve(folder, file));
    try {
      const { size } = await handle.stat();
      if (size !== bytes) throw new Error(`${file} has ${size} bytes, not ${bytes}: it changed since it was looked at`);
      if (end - first > partBytes) return streamPart(handle, file, first, end);
      const content = await readPart(handle, file, first, end);
      await handle.close();
      return content;
    } catch (error) {
      await handle.close();
      throw error;
    }
  };

/** Closes the file at its end, when it fails and when the reader cancels. */
function streamPart(handle: FileHandle, file: string, first: number, end: number): ReadableStream<Uint8Array> {
  let at = first;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const part = await readPart(handle, file, at, Math.min(at + partBytes, end));
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

async function readPart(handle: FileHandle, file: string, first: number, end: number): Promise<Uint8Array> {
  const part = new Uint8Array(end - first);
  let filled = 0;
  while (filled < part.byteLength) {
    const { bytesRead } = await handle.read(part, filled, part.byteLength - filled, first + filled);
    if (bytesRead === 0) throw new Error(`${file} became shorter while it was read`);
    filled += bytesRead;
  }
  return part;
}
