/** Finds the app's static files: its root and their folder in, each file with its URL path, hash and type out. */
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
import { findEncodings } from "./encodings.ts";
import { readFolder } from "./folder.ts";

/** What hosting.json says of static files, and who is told of doubtful ones. */
export interface AssetOptions {
  readonly headers?: HeaderRules;
  /** Told in one line; nobody when absent. */
  readonly warn?: (text: string) => void;
}

/**
 * All files below the folder, sorted by path. Names that begin with a dot are never served, but for `.well-known` (RFC 8615), nor are
 * links that lead out of the folder or to such a name. A folder that does not exist has none. Throws UserError ASSET_CONFLICT for two
 * files whose names differ only in how accents are composed, and ASSETS_FOLDER for a folder that would serve the app's sources.
 * @param root absolute path of the app
 * @param folder relative to it
 */
export async function discoverAssets(
  root: string,
  folder: string,
  { headers = [], warn = () => {} }: AssetOptions = {},
): Promise<readonly BuiltAsset[]> {
  const start = folder.replaceAll("\\", "/").replace(/^\.\/|\/+$/g, "");
  await refuseSources(root, start);
  const found = await findFiles(join(root, start), "", "");
  const files = found
    .map(({ path, file }) => ({ path, file: start === "" || start === "." ? file : `${start}/${file}` }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  refuseEqual(files);
  const assets: BuiltAsset[] = [];
  // One after another: thousands at once would run out of file descriptors.
  for (const file of files) assets.push(await readAsset(root, file));
  const encodings = await findEncodings(root, assets, warn);
  return assets.map((asset) => {
    const [own, encoded] = [assetHeaders(headers, asset.path), encodings.get(asset.path)];
    return { ...asset, ...(own && { headers: own }), ...(encoded && { encodings: encoded }) };
  });
}

function refuseEqual(files: readonly FoundFile[]): void {
  for (const [index, asset] of files.entries()) {
    const next = files[index + 1];
    if (next?.path !== asset.path) continue;
    const at = [{ file: asset.file }, { file: next.file }];
    throw new UserError(
      "ASSET_CONFLICT",
      `two files would both be ${decodeURIComponent(asset.path)}: their names look the same`,
      "Remove one of them.",
      { at },
    );
  }
}

/** The app's root, functions/ itself and links to them: source, and node_modules beside it, would be public. */
async function refuseSources(root: string, folder: string): Promise<void> {
  const [sources, assets] = await Promise.all([realPath(join(root, "functions")), realPath(join(root, folder))]);
  if (sources === undefined || assets === undefined) return;
  const path = relative(assets, sources);
  if (path.split(/[\\/]/, 1)[0] === ".." || isAbsolute(path)) return;
  throw new UserError(
    "ASSETS_FOLDER",
    `"assets" is "${folder || "."}", which holds functions/: the app's source code would be served to everyone`,
    `Put the static files into a folder of their own: "assets": "functions/_public", or leave "assets" out, which means the same.`,
    { at: { file: "hosting.json" } },
  );
}

/** Without links; undefined for what does not exist. */
async function realPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** A visible name: not hidden by a dot, or `.well-known` (RFC 8615). */
const isVisible = (name: string): boolean => !name.startsWith(".") || name === ".well-known";

/**
 * @param home absolute path of the assets' folder: a link is followed only to what is in there itself, and visible
 * @param folder relative to it
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

/** Read in parts: memory does not grow with the file. */
async function hashBytes(content: Readable): Promise<Pick<BuiltAsset, "hash" | "bytes">> {
  const hash = createHash("sha256");
  let bytes = 0;
  await pipeline(content, async (parts: AsyncIterable<Buffer>) => {
    for await (const part of parts) {
      hash.update(part);
      bytes += part.length;
    }
  });
  return { hash: hash.digest("hex"), bytes };
}
