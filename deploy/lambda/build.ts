/** Reads a build folder for Lambda: manifest, function archives and their hashes. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isImmutableAsset } from "../../framework/model/immutable-asset.ts";
import type { BuiltFunction, Manifest } from "../../framework/model/manifest.ts";
import { type DirectoryEntry, readDirectory } from "../../framework/zip/central-directory.ts";
import { readBuiltManifest } from "../built-manifest.ts";
import type { RecordedAsset } from "../record.ts";

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
  /** Static files with a content hash in their names; their release number is still 0. */
  readonly immutableAssets: readonly RecordedAsset[];
  /** The function that serves them: the one for `$default`, or the whole app's behind a function URL. */
  readonly assetsFunctionId: string | undefined;
  /** Bytes of the archive that holds the static files, and of all that is in it. */
  readonly assetsBytes: number;
  readonly assetsUnpacked: number;
}

/** No network. Throws UserError BUILD_MISSING, BUILD_TARGET, or those of `readManifest`. */
export async function readBuild(folder: string): Promise<LambdaBuild> {
  const manifest = await readBuiltManifest(folder, "lambda");
  const { assetsFunction, jobsFunction, migrateFunction, functions, app } = manifest;
  const assetsFunctionId = assetsFunction?.id ?? (app.lambda.front === "function-url" ? functions[0]?.id : undefined);
  const archives: BuiltArchive[] = [];
  let immutableAssets: readonly RecordedAsset[] = [];
  let [assetsBytes, assetsUnpacked] = [0, 0];
  const others = [jobsFunction, migrateFunction, assetsFunction].filter((fn) => fn !== undefined);
  for (const fn of [...functions, ...others]) {
    if (fn.zip === undefined) throw new Error(`the build made no zip of ${fn.id}`);
    const zip = join(folder, fn.zip);
    const bytes = await readFile(zip);
    archives.push({ fn, zip, codeSha256: createHash("sha256").update(bytes).digest("base64") });
    if (fn.id !== assetsFunctionId) continue;
    const files = readDirectory(bytes);
    if (!files) throw new Error(`${zip} is no zip`);
    immutableAssets = toImmutableAssets(manifest, files);
    assetsBytes = bytes.length;
    assetsUnpacked = files.reduce((sum, { unpacked }) => sum + unpacked, 0);
  }
  return { manifest, archives, immutableAssets, assetsFunctionId, assetsBytes, assetsUnpacked };
}

/** With their rows of `assets.json`, in which files are named by their hashes (framework/bundler/lambda/build.ts). */
function toImmutableAssets({ assets }: Manifest, entries: readonly DirectoryEntry[]): readonly RecordedAsset[] {
  const packed = new Map(entries.map((entry) => [entry.name, entry.packed]));
  return assets
    .filter(({ path }) => isImmutableAsset(path))
    .map(({ encodings, ...asset }) => {
      const encoded = encodings?.map((one) => ({ ...one, file: one.hash }));
      const files = [asset.hash, ...(encodings ?? []).map(({ hash }) => hash)];
      const bytes = files.reduce((sum, file) => sum + (packed.get(`assets/${file}`) ?? 0), 0);
      return {
        path: asset.path,
        hash: asset.hash,
        bytes,
        release: 0,
        entry: { ...asset, file: asset.hash, ...(encoded && { encodings: encoded }) },
      };
    });
}
