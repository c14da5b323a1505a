/** Knows files by their bytes: a path in, size and hash as they are now out; a file that did not change is not read again. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

/** A file as it is now. */
export interface HashedFile {
  readonly bytes: number;
  /** Hex SHA-256. */
  readonly hash: string;
}

/** Files remembered at once. */
const bound = 10_000;

/** Rejects with node's error for what cannot be read. Read in parts: memory does not grow with the file. */
export function createFileHashes(): (file: string) => Promise<HashedFile> {
  const known = new Map<string, HashedFile & { readonly state: string }>();
  return async (file) => {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    const state = [dev, ino, size, mtimeNs, ctimeNs].join();
    const before = known.get(file);
    if (before?.state === state) return before;
    const hash = createHash("sha256");
    let bytes = 0;
    await pipeline(createReadStream(file), async (parts: AsyncIterable<Buffer>) => {
      for await (const part of parts) {
        hash.update(part);
        bytes += part.length;
      }
    });
    const found = { bytes, hash: hash.digest("hex"), state };
    known.delete(file);
    known.set(file, found);
    const [oldest] = known.keys();
    if (oldest !== undefined && known.size > bound) known.delete(oldest);
    return found;
  };
}
