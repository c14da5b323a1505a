/** Serves the static files of an app in development: requests and assets as they were found in, answers from the files as they are now out. */
import { join } from "node:path";
import type { BuiltAsset, EncodedAsset } from "../model/manifest.ts";
import { createFileReader } from "../node/file-reader.ts";
import { answerAsset, answerMissing, type AssetInfo, type FolderRedirect } from "../runtime/assets.ts";
import { createFileHashes } from "./file-hashes.ts";

/** Undefined where a file is gone since it was found. Requests have canonical paths. */
export interface StaticFiles {
  answer(request: Request, asset: BuiltAsset | FolderRedirect): Promise<Response | undefined>;
  /** The app's own 404. @param page the asset `/404.html` */
  missing(request: Request, page: BuiltAsset): Promise<Response | undefined>;
}

/** @param root absolute path of the app */
export function createStaticFiles(root: string): StaticFiles {
  const hashOf = createFileHashes();
  const read = createFileReader(root);
  const current = async (asset: BuiltAsset): Promise<AssetInfo> => {
    const { encodings = [], ...found } = { ...asset, ...(await hashOf(join(root, asset.file))) };
    // What was compressed is another file since.
    if (found.hash !== asset.hash) return found;
    const same = await Promise.all(encodings.map((one) => isUnchanged(one)));
    const kept = encodings.filter((_, index) => same[index]);
    return kept.length > 0 ? { ...found, encodings: kept } : found;
  };
  const isUnchanged = async ({ file, hash }: EncodedAsset): Promise<boolean> => (await orGone(hashOf(join(root, file))))?.hash === hash;
  return {
    answer: (request, asset) =>
      orGone("location" in asset ? answerAsset(request, asset, read) : current(asset).then((now) => answerAsset(request, now, read))),
    missing: (request, page) => orGone(current(page).then((now) => answerMissing(request, now, read))),
  };
}

async function orGone<T>(answering: Promise<T>): Promise<T | undefined> {
  try {
    return await answering;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
