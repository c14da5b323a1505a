/** Finds files compressed beforehand: the app's static files in, which of them are others' encodings out. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { BuiltAsset, EncodedAsset } from "../model/manifest.ts";

/** Best first. Few apps have any, and to load what reads them takes a start 2 ms. */
const kinds = [
  { encoding: "br", extension: ".br", decompress: async () => (await import("node:zlib")).createBrotliDecompress() },
  { encoding: "gzip", extension: ".gz", decompress: async () => (await import("node:zlib")).createGunzip() },
] as const;

/**
 * Encodings by the path of the file that they stand for: `style.css.br` of `style.css`, when it holds the same bytes and is smaller.
 * Files are kept at their own paths all the same: a download may be meant.
 * @param warn told of one that holds other bytes
 */
export async function findEncodings(
  root: string,
  assets: readonly BuiltAsset[],
  warn: (text: string) => void,
): Promise<ReadonlyMap<string, readonly EncodedAsset[]>> {
  const byPath = new Map(assets.map((asset) => [asset.path, asset]));
  const found = new Map<string, EncodedAsset[]>();
  for (const { encoding, extension, decompress } of kinds) {
    for (const { path, file, hash, bytes } of assets) {
      const plain = path.endsWith(extension) ? byPath.get(path.slice(0, -extension.length)) : undefined;
      if (!plain || bytes >= plain.bytes) continue;
      if ((await hashDecoded(join(root, file), await decompress())) === plain.hash)
        found.set(plain.path, [...(found.get(plain.path) ?? []), { encoding, file, hash, bytes }]);
      else warn(`${file} is not ${plain.file} compressed, so it is served at its own path only: compress it again`);
    }
  }
  return found;
}

/** Undefined for what does not decompress. */
async function hashDecoded(file: string, decompress: NodeJS.ReadWriteStream): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(file), decompress, hash);
  } catch (error) {
    // Only the file system's own errors have one; the rest are zlib's, whose codes are many.
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    return undefined;
  }
  return hash.digest("hex");
}
