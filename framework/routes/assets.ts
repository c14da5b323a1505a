/** Finds the app's static files: its root and their folder in, each file with its URL path, hash and type out. */
import { createHash } from "node:crypto";
import { readFile, realpath } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import type { BuiltAsset } from "../model/manifest.ts";
import { canonicalSegment } from "../model/pattern.ts";
import { UserError } from "../model/user-error.ts";
import { contentType } from "./content-type.ts";
import { readFolder } from "./folder.ts";

/**
 * All files below the folder, sorted by path. Names that begin with a dot are never served, but for `.well-known` (RFC 8615). A folder
 * that does not exist has none. Throws UserError ASSET_CONFLICT for two files whose names differ only in how accents are composed, and
 * ASSETS_FOLDER for a folder that would serve the app's sources.
 * @param root absolute path of the app
 * @param folder relative to it
 */
export async function discoverAssets(root: string, folder: string): Promise<readonly BuiltAsset[]> {
  const start = folder.replaceAll("\\", "/").replace(/^\.\/|\/+$/g, "");
  await refuseSources(root, start);
  const assets = (await findAssets(root, start || ".", "")).toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (const [index, asset] of assets.entries()) {
    const next = assets[index + 1];
    if (next?.path !== asset.path) continue;
    const at = [{ file: asset.file }, { file: next.file }];
    throw new UserError(
      "ASSET_CONFLICT",
      `two files would both be ${decodeURIComponent(asset.path)}: their names look the same`,
      "Remove one of them.",
      { at },
    );
  }
  return assets;
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

async function findAssets(root: string, folder: string, url: string): Promise<readonly BuiltAsset[]> {
  const assets: BuiltAsset[] = [];
  for (const { name, kind, path: file } of await readFolder(root, folder)) {
    if (name.startsWith(".") && name !== ".well-known") continue;
    const path = `${url}/${canonicalSegment(name.normalize("NFC"))}`;
    if (kind === "folder") assets.push(...(await findAssets(root, file, path)));
    else assets.push(await readAsset(root, file, path));
  }
  return assets;
}

async function readAsset(root: string, file: string, path: string): Promise<BuiltAsset> {
  const content = await readFile(join(root, file));
  return { path, file, hash: createHash("sha256").update(content).digest("hex"), bytes: content.length, type: contentType(file) };
}
