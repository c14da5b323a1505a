/**
 * Upload sessions of static assets: a session names all files and is told which are missing; who has sent the last one,
 * or misses none, gets the completion token that an upload of the Worker needs.
 */
import { randomUUID } from "node:crypto";
import type { Collection } from "../collection.ts";
import { isRecord } from "../structure-reader.ts";
import type { AccountPlan } from "./account-plan.ts";
import type { ApiCall } from "./api-call.ts";
import { type AssetTokens, missingHashes, tokenLifetime } from "./asset-tokens.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { bodyMembers } from "./json-body.ts";
import { type FormPart, readMultipart } from "./multipart.ts";
import { type Operation, type OperationTable, writes } from "./operation.ts";
import type { AssetRecord, AssetSession } from "./records.ts";
import type { ApiResult } from "./response-envelope.ts";
import { scriptName } from "./script-lookup.ts";
import type { CloudflareServices } from "./services.ts";
import type { CloudflareState } from "./state.ts";

/** Bytes of a file (limits page), and bytes and files of one upload. */
const maxFile = 25 * 1024 * 1024;
const maxBucket = 40 * 1024 * 1024;
const maxBucketFiles = 200;

const hashForm = /^[0-9a-f]{32}$/;

const refused = (message: string): CloudflareError => new CloudflareError(10304, 400, message);

function readManifest(value: unknown, plan: AccountPlan): AssetSession["files"] {
  if (!isRecord(value)) throw refused("The session needs a manifest.");
  const entries = Object.entries(value);
  if (entries.length > plan.assetFiles)
    throw refused(
      `The manifest has ${entries.length} files; ` + `the limit of the ${plan.name} plan is ${plan.assetFiles}.`,
    );
  return Object.fromEntries(
    entries.map(([path, file]) => {
      if (!isPath(path))
        throw refused(
          `'${path}' is not the path of an asset: ` +
            "it starts with / and each segment is written as encodeURIComponent does.",
        );
      const { hash, size, ...more } = isRecord(file) ? file : {};
      if (typeof hash !== "string" || !hashForm.test(hash)) throw refused(`${path}: the hash must have 32 hex digits.`);
      if (!Number.isInteger(size) || (size as number) < 0)
        throw refused(`${path}: the size must be a number of bytes.`);
      if ((size as number) > maxFile) throw refused(`${path} has ${size as number} bytes; an asset may have 25 MiB.`);
      if (Object.keys(more).length > 0) throw refused(`${path}: it may have only hash and size.`);
      return [path, { hash, size: size as number }];
    }),
  );
}

function isPath(path: string): boolean {
  const segments = path.slice(1).split("/");
  return path.startsWith("/") && path.length <= 1024 && segments.every((segment) => isSegment(segment));
}

/** False for a segment that leads out of its folder or that is no file name on this disk. */
function isSegment(segment: string): boolean {
  let name: string;
  try {
    name = decodeURIComponent(segment);
  } catch {
    return false;
  }
  // oxlint-disable-next-line no-control-regex -- a NUL or control character in a file name is an attack
  const isPlain = !/[/\\\u0000-\u001f]/.test(name);
  return name !== "" && name !== "." && name !== ".." && isPlain && Buffer.byteLength(name) <= 255;
}

/** The missing hashes, in groups that are to be uploaded together. */
function bucketsOf(session: AssetSession, assets: Collection<AssetRecord>): readonly (readonly string[])[] {
  const sizes = new Map(Object.values(session.files).map(({ hash, size }) => [hash, size]));
  const buckets: string[][] = [];
  let left = 0;
  for (const hash of missingHashes(session, assets)) {
    const size = sizes.get(hash) ?? 0;
    const last = buckets.at(-1);
    if (!last || size > left || last.length === maxBucketFiles) {
      buckets.push([hash]);
      left = maxBucket - size;
    } else {
      last.push(hash);
      left -= size;
    }
  }
  return buckets;
}

const startSession: Operation<"assets" | "sessions", "assetTokens" | "clock" | "plan"> = (
  call,
  { assets, sessions },
  { assetTokens, clock, plan },
) => {
  const script = scriptName(call);
  const members = bodyMembers(call, 10304);
  const files = readManifest(members.value("manifest"), plan);
  members.end();
  const now = clock.now();
  for (const { id, expires } of sessions.all()) if (now >= expires) sessions.remove(id);
  const id = randomUUID();
  const session = sessions.put(id, { id, script, files, expires: now + tokenLifetime });
  const buckets = bucketsOf(session, assets);
  return { result: { jwt: assetTokens.sign(session, buckets.length === 0 ? "complete" : "upload"), buckets } };
};

/** The session of the call's token, which stands in place of the account's API token. */
function sessionOf(call: ApiCall, tokens: AssetTokens): AssetSession {
  const token = /^Bearer (.+)$/.exec(call.header("authorization") ?? "")?.[1];
  const session = token === undefined ? undefined : tokens.verify(token, "upload");
  if (!session)
    throw new CloudflareError(10000, 401, "Authentication error: the upload token is not valid or has expired.");
  return session;
}

function storeAsset(
  session: AssetSession,
  part: FormPart,
  { assets }: Pick<CloudflareState, "assets">,
  { content }: Pick<CloudflareServices, "content">,
): void {
  const { name: hash, contentType } = part;
  const bytes = fromBase64(part);
  const announced = Object.values(session.files).find((file) => file.hash === hash);
  if (!announced) throw refused(`The session does not have a file with the hash ${hash}.`);
  if (bytes.length !== announced.size)
    throw refused(`The file ${hash} has ${bytes.length} bytes; ${announced.size} were announced.`);
  const hasType = contentType !== undefined && contentType !== "application/null";
  assets.put(hash, {
    hash,
    sha256: content.put(bytes),
    size: bytes.length,
    ...(hasType && { contentType }),
  });
}

const uploadAssets: Operation<"assets", "assetTokens" | "content"> = (call, state, services): ApiResult => {
  const { assetTokens } = services;
  if (call.query.get("base64") !== "true") throw invalid("Assets are uploaded with ?base64=true", 10304);
  const session = sessionOf(call, assetTokens);
  const parts = readMultipart(call.body, call.header("content-type"));
  if (parts.length === 0) throw refused("The upload has no files.");
  for (const part of parts) storeAsset(session, part, state, services);
  const isComplete = missingHashes(session, state.assets).length === 0;
  return { status: isComplete ? 201 : 202, result: { jwt: isComplete ? assetTokens.sign(session, "complete") : "" } };
};

function fromBase64({ name, body }: FormPart): Uint8Array {
  const text = Buffer.from(body).toString("latin1").trim();
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw refused(`The file ${name} is not base64.`);
  return Buffer.from(text, "base64");
}

export const assetOperations: OperationTable = {
  createAssetSession: writes("POST /accounts/{account}/workers/scripts/{script}/assets-upload-session", startSession),
  uploadAssets: { ...writes("POST /accounts/{account}/workers/assets/upload", uploadAssets), ownToken: true },
};
