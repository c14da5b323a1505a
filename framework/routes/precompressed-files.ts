/** Precompressed static files: `.br` and `.gz` files that contain the same bytes as another static file. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { BuiltAsset, EncodedAsset } from "../model/manifest.ts";

/** In order of preference. node:zlib is loaded on demand, since it takes 2 ms and few apps need it. */
const kinds = [
  { encoding: "br", extension: ".br", decompress: async () => (await import("node:zlib")).createBrotliDecompress() },
  { encoding: "gzip", extension: ".gz", decompress: async () => (await import("node:zlib")).createGunzip() },
] as const;

/**
 * Encodings by the path of the original file: `style.css.br` for `style.css`, if it contains the same bytes and is
 * smaller. The compressed file stays available at its own path, as a download.
 * @param warn receives a warning for each file that contains other bytes
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
      const original = path.endsWith(extension) ? byPath.get(path.slice(0, -extension.length)) : undefined;
      if (!original || bytes >= original.bytes) continue;
      if ((await hashDecoded(join(root, file), await decompress())) === original.hash)
        found.set(original.path, [...(found.get(original.path) ?? []), { encoding, file, hash, bytes }]);
      else warn(`${file} is not a compressed copy of ${original.file}, so it has its own path only: compress it again`);
    }
  }
  return found;
}

/** Undefined for a file that is not compressed. */
async function hashDecoded(file: string, decompress: NodeJS.ReadWriteStream): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(file), decompress, hash);
  } catch (error) {
    // Only errors of the file system have a `syscall`; all others are zlib's.
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    return undefined;
  }
  return hash.digest("hex");
}
