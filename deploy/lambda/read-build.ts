/** What a build folder holds for Lambda: the folder in, its manifest, archives and their hashes out. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isHashed } from "../../framework/model/hashed.ts";
import type { BuiltFunction, Manifest } from "../../framework/model/manifest.ts";
import { readBuiltManifest } from "../built-manifest.ts";
import type { RecordedAsset } from "../record.ts";
import { type ZipSize, zipSizes } from "./zip-sizes.ts";

/** A function with its archive. */
export interface BuiltArchive {
  readonly fn: BuiltFunction;
  /** Absolute path of the zip, and the base64 SHA-256 of its bytes. */
  readonly zip: string;
  readonly codeSha256: string;
}

/** A build, read. */
export interface LambdaBuild {
  readonly manifest: Manifest;
  readonly archives: readonly BuiltArchive[];
  /** The static files whose names have a content hash; their number is not known yet: 0. */
  readonly hashed: readonly RecordedAsset[];
  /** The function that serves them: the one for `$default`, or the whole app's behind a function URL. */
  readonly carrier: string | undefined;
  /** Bytes of the archive that holds the static files, and of all that is in it. */
  readonly assetsBytes: number;
  readonly assetsUnpacked: number;
}

/** No network. Throws UserError BUILD_MISSING, BUILD_TARGET, or those of `readManifest`. */
export async function readBuild(folder: string): Promise<LambdaBuild> {
  const manifest = await readBuiltManifest(folder, "lambda");
  const { assetsFunction, functions, app } = manifest;
  const carrier = assetsFunction?.id ?? (app.lambda.front === "function-url" ? functions[0]?.id : undefined);
  const archives: BuiltArchive[] = [];
  let hashed: readonly RecordedAsset[] = [];
  let [assetsBytes, assetsUnpacked] = [0, 0];
  for (const fn of [...functions, ...(assetsFunction ? [assetsFunction] : [])]) {
    if (fn.zip === undefined) throw new Error(`the build made no zip of ${fn.id}`);
    const zip = join(folder, fn.zip);
    const bytes = await readFile(zip);
    archives.push({ fn, zip, codeSha256: createHash("sha256").update(bytes).digest("base64") });
    if (fn.id !== carrier) continue;
    const sizes = zipSizes(bytes);
    hashed = hashedAssets(manifest, sizes);
    assetsBytes = bytes.length;
    assetsUnpacked = [...sizes.values()].reduce((sum, { unpacked }) => sum + unpacked, 0);
  }
  return { manifest, archives, hashed, carrier, assetsBytes, assetsUnpacked };
}

/** With their rows of `assets.json`, in which files are named by their hashes (framework/build/lambda.ts). */
function hashedAssets({ assets }: Manifest, sizes: ReadonlyMap<string, ZipSize>): readonly RecordedAsset[] {
  return assets
    .filter(({ path }) => isHashed(path))
    .map(({ encodings, ...asset }) => {
      const encoded = encodings?.map((one) => ({ ...one, file: one.hash }));
      const files = [asset.hash, ...(encodings ?? []).map(({ hash }) => hash)];
      const bytes = files.reduce((sum, file) => sum + (sizes.get(`assets/${file}`)?.packed ?? 0), 0);
      return {
        path: asset.path,
        hash: asset.hash,
        bytes,
        release: 0,
        entry: { ...asset, file: asset.hash, ...(encoded && { encodings: encoded }) },
      };
    });
}
