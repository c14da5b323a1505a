/** Uploads static files in an upload session (Workers docs, "Direct upload") and returns its completion token. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { UserError } from "../../framework/model/user-error.ts";
import { inParallel } from "../parallel.ts";
import type { RecordedAsset } from "../record.ts";
import type { Client } from "./client.ts";
import { type AssetFile, encodePath } from "./build.ts";

/** The files to upload, and their Worker. */
export interface AssetUpload {
  readonly script: string;
  readonly files: readonly AssetFile[];
  /** Of earlier releases: listed again by their hashes, which the account has already. */
  readonly kept: readonly RecordedAsset[];
  /** The live release's root URL, from which a kept file is downloaded if Cloudflare no longer has it. */
  readonly liveUrl: string | undefined;
}

interface Session {
  readonly jwt: string;
  readonly buckets?: readonly (readonly string[])[];
}

/** Concurrent uploads, as in wrangler. */
const uploadsAtOnce = 3;

/**
 * Sends only files that the account does not have; returns the completion token, which is valid for an hour. Throws
 * UserError KEPT_ASSETS, ASSET_CHANGED.
 */
export async function uploadAssets(client: Client, upload: AssetUpload): Promise<string> {
  const wanted = new Map<string, PendingAsset>();
  for (const { path, entry, bytes, hash } of upload.kept) {
    const { hash: short, type } = entry as { readonly hash: string; readonly type: string };
    wanted.set(encodePath(path), { hash: short, size: bytes, type, read: () => download(upload.liveUrl, path, hash) });
  }
  for (const file of upload.files)
    wanted.set(file.encodedPath, { hash: file.hash, size: file.bytes, type: file.type, read: () => readOwn(file) });
  const manifest = Object.fromEntries([...wanted].map(([path, { hash, size }]) => [path, { hash, size }]));
  const path = `/workers/scripts/${upload.script}/assets-upload-session`;
  const session = await client.call<Session>({
    operation: "createAssetSession",
    method: "POST",
    path,
    json: { manifest },
  });
  const byHash = new Map([...wanted.values()].map((one) => [one.hash, one]));
  const buckets = session.buckets ?? [];
  if (!buckets.length) return session.jwt;
  const answers = await inParallel(buckets, uploadsAtOnce, (hashes) => sendBucket(client, session.jwt, hashes, byHash));
  const token = answers.find(Boolean);
  if (token) return token;
  throw new Error("Cloudflare took every static file and gave no completion token");
}

interface PendingAsset {
  readonly hash: string;
  readonly size: number;
  readonly type: string;
  readonly read: () => Promise<Uint8Array>;
}

/** Any of the answers can carry the completion token: the one after which nothing is missing. */
async function sendBucket(
  client: Client,
  token: string,
  hashes: readonly string[],
  byHash: ReadonlyMap<string, PendingAsset>,
): Promise<string | undefined> {
  const files = await Promise.all(
    hashes.map(async (hash) => {
      const found = byHash.get(hash);
      if (!found) throw new Error(`Cloudflare asks for a file that was not announced: ${hash}`);
      return { hash, type: found.type, text: Buffer.from(await found.read()).toString("base64") };
    }),
  );
  const form = (): FormData => {
    const parts = new FormData();
    for (const { hash, type, text } of files) parts.set(hash, new File([text], hash, { type }));
    return parts;
  };
  const path = "/workers/assets/upload?base64=true";
  const answer = await client.call<{ readonly jwt?: string } | null>({
    operation: "uploadAssets",
    method: "POST",
    path,
    form,
    token,
  });
  return answer?.jwt || undefined;
}

async function readOwn({ file, sha256, path }: AssetFile): Promise<Uint8Array> {
  const bytes = await readFile(file);
  if (hashOf(bytes) === sha256) return bytes;
  throw new UserError("ASSET_CHANGED", `${path} changed while it was being deployed`, "Run the deploy again.");
}

/** Downloads from the live release a kept file that the account no longer has. */
async function download(url: string | undefined, path: string, sha256: string): Promise<Uint8Array> {
  const response =
    url === undefined || url === ""
      ? undefined
      : await fetch(new URL(path, url), { signal: AbortSignal.timeout(60_000) });
  const bytes = response?.ok ? await response.bytes() : undefined;
  if (bytes && hashOf(bytes) === sha256) return bytes;
  throw new UserError(
    "KEPT_ASSETS",
    `the static file ${path} of an earlier release is no longer stored at Cloudflare`,
    'Set a smaller "keep" in hosting.json, or add that file to your static files; then run the deploy again.',
  );
}

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
