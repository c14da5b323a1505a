/** Sizes and hashes of files on disk, remembered until the file changes. */
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

/** The number of files whose hashes are remembered. */
const maxFiles = 10_000;

/** Rejects with Node's error for a file that cannot be read. Memory does not grow with the file's size. */
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
    if (oldest !== undefined && known.size > maxFiles) known.delete(oldest);
    return found;
  };
}
