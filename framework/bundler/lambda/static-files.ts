/** The static files in a Lambda function's zip, and their size limits. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { App } from "../../model/app.ts";
import type { BuiltAsset } from "../../model/manifest.ts";
import type { Route } from "../../model/route.ts";
import { UserError } from "../../model/user-error.ts";
import { functionSettings } from "../function-groups.ts";
import { inMB } from "./deployment-package.ts";

const mega = 1024 ** 2;

/**
 * Bytes of the largest file behind an HTTP API: a response payload is at most 6 MB, and base64 adds a third.
 */
export const bufferedLimit = 4.4 * mega;

/**
 * Bytes of the largest file that a function URL streams: 6 MB at once and 2 MB in every second that the function has
 * (one second is reserved for its start), 200 MB in all (Lambda developer guide, "Bandwidth limits for response
 * streaming").
 * @param timeout of the function, seconds
 */
export const streamedLimit = (timeout: number): number => Math.min(200, 6 + 2 * (timeout - 1)) * mega;

/** Throws UserError ASSET_TOO_LARGE for a file that the app's front cannot respond with; in development too. */
export function checkLambdaAssets(app: App, routes: readonly Route[], assets: readonly BuiltAsset[]): void {
  if (app.lambda.front !== "function-url") return checkAssets(assets, bufferedLimit);
  const { timeout } = functionSettings(app, { id: "app", routes });
  checkAssets(assets, streamedLimit(timeout), timeout);
}

/** @param timeout seconds of a function that streams */
function checkAssets(assets: readonly BuiltAsset[], limit: number, timeout?: number): void {
  const large = assets.find(({ bytes }) => bytes > limit);
  if (!large) return;
  const { file, bytes } = large;
  const within = timeout === undefined ? "" : ` in its ${timeout} s`;
  const message = `${file} is ${inMB(bytes)}; a Lambda function can respond with at most ${inMB(limit)}${within}`;
  const longer =
    timeout !== undefined && timeout < 98
      ? ', or raise its timeout: "routes": { "/*": { "timeout": 98 } } is enough for 200 MB'
      : "";
  throw new UserError(
    "ASSET_TOO_LARGE",
    message,
    `Make it smaller, or serve it from elsewhere, such as a bucket${longer}.`,
    { at: { file } },
  );
}

/** `assets.json` and the files, named by content hash, by path in the zip. Throws UserError ASSET_CHANGED. */
export async function assetFiles(
  root: string,
  assets: readonly BuiltAsset[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const list = assets.map(({ encodings, ...asset }) => ({
    ...asset,
    file: asset.hash,
    ...(encodings && { encodings: encodings.map((encoded) => ({ ...encoded, file: encoded.hash })) }),
  }));
  const files = new Map<string, Uint8Array>([["assets.json", Buffer.from(JSON.stringify(list))]]);
  for (const [hash, bytes] of await readAssets(root, assets)) files.set(`assets/${hash}`, bytes);
  return files;
}

/** Contents by hash. Throws UserError ASSET_CHANGED for a file that differs from the list. */
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
