/** The static files inside a Lambda function: what was found of them in, the files of its zip out. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BuiltAsset } from "../model/manifest.ts";
import { UserError } from "../model/user-error.ts";
import { inMB } from "./lambda-package.ts";
import type { Content } from "./zip.ts";

const mega = 1024 ** 2;

/** Bytes of the largest file behind an HTTP API: a response is 6 MB at most, and base64 makes a third more of a file. */
export const bufferedLimit = 4.4 * mega;

/**
 * Bytes of the largest file that a function URL streams: 6 MB at once and 2 MB in every second that the function has (one is kept for
 * its start), 200 MB in all (Lambda developer guide, "Bandwidth limits for response streaming").
 * @param timeout of the function, seconds
 */
export const streamedLimit = (timeout: number): number => Math.min(200, 6 + 2 * (timeout - 1)) * mega;

/** Throws UserError ASSET_TOO_LARGE. @param timeout seconds of a function that streams */
export function checkAssets(assets: readonly BuiltAsset[], limit: number, timeout?: number): void {
  const large = assets.find(({ bytes }) => bytes > limit);
  if (!large) return;
  const { file, bytes } = large;
  const within = timeout === undefined ? "" : ` in its ${timeout} s`;
  const message = `${file} is ${inMB(bytes)}; a Lambda function can answer with at most ${inMB(limit)}${within}`;
  const longer =
    timeout !== undefined && timeout < 98 ? ', or give it time: "routes": { "/*": { "timeout": 98 } } is enough for 200 MB' : "";
  throw new UserError("ASSET_TOO_LARGE", message, `Make it smaller, or serve it from elsewhere, such as a bucket${longer}.`, {
    at: { file },
  });
}

/** `assets.json` and the contents under their hashes, by their names in the zip. Throws UserError ASSET_CHANGED. */
export async function assetFiles(root: string, assets: readonly BuiltAsset[]): Promise<ReadonlyMap<string, Content>> {
  const table = assets.map(({ encodings, ...asset }) => ({
    ...asset,
    file: asset.hash,
    ...(encodings && { encodings: encodings.map((encoded) => ({ ...encoded, file: encoded.hash })) }),
  }));
  const files = new Map<string, Content>([["assets.json", [Buffer.from(JSON.stringify(table))]]]);
  for (const [hash, bytes] of await readAssets(root, assets)) files.set(`assets/${hash}`, [bytes]);
  return files;
}

/** Contents by hash, each once. Throws UserError ASSET_CHANGED for a file that is not what was listed. */
async function readAssets(root: string, assets: readonly BuiltAsset[]): Promise<ReadonlyMap<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  for (const { file, hash } of assets.flatMap((asset) => [asset, ...(asset.encodings ?? [])])) {
    if (contents.has(hash)) continue;
    const bytes = await readFile(join(root, file));
    if (createHash("sha256").update(bytes).digest("hex") !== hash)
      throw new UserError("ASSET_CHANGED", `${file} changed during the build`, "Build again.", { at: { file } });
    contents.set(hash, bytes);
  }
  return contents;
}
