/** Serves the static files of an app under development, each from the file's current content. */
import { join } from "node:path";
import type { BuiltAsset, EncodedAsset } from "../model/manifest.ts";
import { createFileReader } from "../http/file-reader.ts";
import { answerAsset, answerNotFound, type AssetInfo, type FolderRedirect } from "../runtime/assets.ts";
import { createFileHashes } from "./file-hashes.ts";

/** Responses are undefined for a file that was removed after it was discovered. Requests have canonical paths. */
export interface StaticFiles {
  answer(request: Request, asset: BuiltAsset | FolderRedirect): Promise<Response | undefined>;
  /** The app's own 404 response. @param page the asset `/404.html` */
  answerNotFound(request: Request, page: BuiltAsset): Promise<Response | undefined>;
}

/** @param root absolute path of the app */
export function createStaticFiles(root: string): StaticFiles {
  const hashOf = createFileHashes();
  const read = createFileReader(root);
  const current = async (asset: BuiltAsset): Promise<AssetInfo> => {
    const { encodings = [], ...found } = { ...asset, ...(await hashOf(join(root, asset.file))) };
    // The compressed files have the content of before the change.
    if (found.hash !== asset.hash) return found;
    const unchanged = await Promise.all(encodings.map((encoding) => isUnchanged(encoding)));
    const valid = encodings.filter((_, index) => unchanged[index]);
    return valid.length > 0 ? { ...found, encodings: valid } : found;
  };
  const isUnchanged = async ({ file, hash }: EncodedAsset): Promise<boolean> =>
    (await undefinedIfMissing(hashOf(join(root, file))))?.hash === hash;
  return {
    answer: (request, asset) =>
      undefinedIfMissing(
        "location" in asset
          ? answerAsset(request, asset, read)
          : current(asset).then((now) => answerAsset(request, now, read)),
      ),
    answerNotFound: (request, page) =>
      undefinedIfMissing(current(page).then((now) => answerNotFound(request, now, read))),
  };
}

async function undefinedIfMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
