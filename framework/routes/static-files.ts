/** Discovery of the app's static files, each with its URL path, content hash and type. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { realpath } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { assetHeaders, type HeaderRules } from "../model/asset-headers.ts";
import type { BuiltAsset } from "../model/manifest.ts";
import { canonicalSegment } from "../model/pattern.ts";
import { UserError } from "../model/user-error.ts";
import { contentType } from "./content-type.ts";
import { findEncodings } from "./precompressed-files.ts";
import { readFolder } from "./folder.ts";

/** hosting.json's header rules for static files, and the receiver of warnings. */
export interface AssetOptions {
  readonly headers?: HeaderRules;
  /** Receives warnings of one line each. */
  readonly warn?: (text: string) => void;
}

/**
 * Lists all files below the folder, sorted by path, without names that begin with a dot, except `.well-known` (RFC
 * 8615), and without links that leave the folder or lead to such names. A missing folder has no files. Throws UserError
 * ASSET_CONFLICT for two names that differ only in Unicode normalisation, ASSETS_FOLDER for a folder that contains the
 * app's source code.
 * @param root absolute path of the app
 * @param folder relative to it
 */
export async function discoverAssets(
  root: string,
  folder: string,
  { headers = [], warn = () => {} }: AssetOptions = {},
): Promise<readonly BuiltAsset[]> {
  const start = folder.replaceAll("\\", "/").replace(/^\.\/|\/+$/g, "");
  await rejectSourceFolder(root, start);
  const found = await findFiles(join(root, start), "", "");
  const files = found
    .map(({ path, file }) => ({ path, file: start === "" || start === "." ? file : `${start}/${file}` }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  rejectEqualPaths(files);
  const assets: BuiltAsset[] = [];
  // Sequentially, since thousands of files at once would exceed the limit of file descriptors.
  for (const file of files) assets.push(await readAsset(root, file));
  const encodings = await findEncodings(root, assets, warn);
  return assets.map((asset) => {
    const [customHeaders, encoded] = [assetHeaders(headers, asset.path), encodings.get(asset.path)];
    return { ...asset, ...(customHeaders && { headers: customHeaders }), ...(encoded && { encodings: encoded }) };
  });
}

function rejectEqualPaths(files: readonly FoundFile[]): void {
  for (const [index, asset] of files.entries()) {
    const next = files[index + 1];
    if (next?.path !== asset.path) continue;
    const at = [{ file: asset.file }, { file: next.file }];
    throw new UserError(
      "ASSET_CONFLICT",
      `two files have the path ${decodeURIComponent(asset.path)}: their names differ only in Unicode normalisation`,
      "Remove one of them.",
      { at },
    );
  }
}

/** Rejects folders that contain functions/, directly or through links, since the app's source would be public. */
async function rejectSourceFolder(root: string, folder: string): Promise<void> {
  const [sources, assets] = await Promise.all([realPath(join(root, "functions")), realPath(join(root, folder))]);
  if (sources === undefined || assets === undefined) return;
  const path = relative(assets, sources);
  if (path.split(/[\\/]/, 1)[0] === ".." || isAbsolute(path)) return;
  throw new UserError(
    "ASSETS_FOLDER",
    `"assets" is "${folder || "."}", which contains functions/: the app's source code would be public`,
    'Move the static files into a separate folder, as in "assets": "functions/_public", which is the default.',
    { at: { file: "hosting.json" } },
  );
}

/** The real path; undefined for a missing file. */
async function realPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** False for names that begin with a dot, except `.well-known` (RFC 8615). */
const isVisible = (name: string): boolean => !name.startsWith(".") || name === ".well-known";

/**
 * @param home absolute path of the static files' folder; links are followed only to visible files in it
 * @param folder relative to `home`
 */
async function findFiles(home: string, folder: string, url: string): Promise<readonly FoundFile[]> {
  const files: FoundFile[] = [];
  for (const { name, kind, path: file, target } of await readFolder(home, folder)) {
    if (!isVisible(name) || !(target ?? "").split("/").every(isVisible)) continue;
    const path = `${url}/${canonicalSegment(name.normalize("NFC"))}`;
    if (kind === "folder") files.push(...(await findFiles(home, file, path)));
    else files.push({ path, file });
  }
  return files;
}

type FoundFile = Pick<BuiltAsset, "path" | "file">;

async function readAsset(root: string, { path, file }: FoundFile): Promise<BuiltAsset> {
  return { path, file, type: contentType(file), ...(await hashBytes(createReadStream(join(root, file)))) };
}

/** Streams the file, so that memory does not grow with its size. */
async function hashBytes(content: Readable): Promise<Pick<BuiltAsset, "hash" | "bytes">> {
  const hash = createHash("sha256");
  let bytes = 0;
  await pipeline(content, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  });
  return { hash: hash.digest("hex"), bytes };
}
