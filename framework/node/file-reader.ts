/** Reads static files from disk: a folder in, a reader of parts of its files out; what is large comes as a stream, as fast as it is taken. */
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import type { ReadAsset } from "../runtime/assets.ts";
import { readFilePart } from "../runtime/file-part.ts";

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
    } catch (error) {
      await handle.close();
      throw error;
    }
    return readFilePart(handle, file, first, end);
  };
