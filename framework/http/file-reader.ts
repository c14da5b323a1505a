/** Reads ranges of static files from a folder on disk. */
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import type { ReadAsset } from "../runtime/assets.ts";
import { readRange } from "../runtime/range-reader.ts";

/**
 * Makes a reader of files by their paths relative to the folder. The reader rejects if the file's size has changed
 * since it was listed, and with node's error if it cannot be opened; a stream fails when the file becomes shorter
 * meanwhile.
 */
export const createFileReader =
  (folder: string): ReadAsset =>
  async ({ file, bytes }, first, end) => {
    const handle = await open(resolve(folder, file));
    try {
      const { size } = await handle.stat();
      if (size !== bytes) throw new Error(`${file} has ${size} bytes, not ${bytes}: it changed since it was listed`);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return readRange(handle, file, first, end);
  };
