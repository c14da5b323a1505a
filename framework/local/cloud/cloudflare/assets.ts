/** Static assets: an upload session announces files, uploads bring the missing ones, the last answer has the completion token. */
import { randomUUID } from "node:crypto";
import { isRecord } from "../members.ts";
import { makeToken, missingHashes, openToken, tokenLifetime } from "./asset-token.ts";
import { bodyMembers } from "./body.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import type { Answer } from "./envelope.ts";
import type { Edge } from "./edge.ts";
import { scriptName } from "./find.ts";
import { type Part, readMultipart } from "./multipart.ts";
import { type Call, type Operation, type OperationTable, writes } from "./operation.ts";
import type { AssetSession } from "./records.ts";

/** Bytes of a file (limits page), and what one upload brings at most. */
const maxFile = 25 * 1024 * 1024;
const maxBucket = 40 * 1024 * 1024;
const maxBucketFiles = 200;

const hashForm = /^[0-9a-f]{32}$/;

const refused = (message: string): CloudflareError => new CloudflareError(10304, 400, message);

function readManifest(value: unknown, edge: Edge): AssetSession["files"] {
  if (!isRecord(value)) throw refused("The session needs a manifest.");
  const entries = Object.entries(value);
  if (entries.length > edge.plan.assetFiles)
    throw refused(`The manifest has ${entries.length} files; the limit of the ${edge.plan.name} plan is ${edge.plan.assetFiles}.`);
  return Object.fromEntries(
    entries.map(([path, file]) => {
      if (!isPath(path))
        throw refused(`'${path}' is not the path of an asset: it starts with / and each segment is written as encodeURIComponent does.`);
      const { hash, size, ...more } = isRecord(file) ? file : {};
      if (typeof hash !== "string" || !hashForm.test(hash)) throw refused(`${path}: the hash must have 32 hex digits.`);
      if (!Number.isInteger(size) || (size as number) < 0) throw refused(`${path}: the size must be a number of bytes.`);
      if ((size as number) > maxFile) throw refused(`${path} has ${size as number} bytes; an asset may have 25 MiB.`);
      if (Object.keys(more).length > 0) throw refused(`${path}: only hash and size are known.`);
      return [path, { hash, size: size as number }];
    }),
  );
}

function isPath(path: string): boolean {
  const segments = path.slice(1).split("/");
  return path.startsWith("/") && path.length <= 1024 && segments.every((segment) => isSegment(segment));
}

/** No segment that leads out of its folder or that this disk cannot hold. */
function isSegment(segment: string): boolean {
  let name: string;
  try {
    name = decodeURIComponent(segment);
  } catch {
    return false;
  }
  // oxlint-disable-next-line no-control-regex -- a NUL or control character in a file name is an attack
  return name !== "" && name !== "." && name !== ".." && !/[/\\\u0000-\u001f]/.test(name) && Buffer.byteLength(name) <= 255;
}

/** Hashes that are to be sent together. */
function bucketsOf(session: AssetSession, edge: Edge): readonly (readonly string[])[] {
  const sizes = new Map(Object.values(session.files).map(({ hash, size }) => [hash, size]));
  const buckets: string[][] = [];
  let left = 0;
  for (const hash of missingHashes(session, edge)) {
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

const startSession: Operation = (call, edge) => {
  const script = scriptName(call);
  const members = bodyMembers(call, 10304);
  const files = readManifest(members.value("manifest"), edge);
  members.end();
  const now = edge.clock.now();
  for (const { id, expires } of edge.state.sessions.all()) if (now >= expires) edge.state.sessions.remove(id);
  const id = randomUUID();
  const session = edge.state.sessions.put(id, { id, script, files, expires: now + tokenLifetime });
  const buckets = bucketsOf(session, edge);
  return { result: { jwt: makeToken(session, buckets.length === 0 ? "complete" : "upload", edge), buckets } };
};

/** Its token is the session's, not the account's. */
function sessionOf(call: Call, edge: Edge): AssetSession {
  const token = /^Bearer (.+)$/.exec(call.header("authorization") ?? "")?.[1];
  const session = token === undefined ? undefined : openToken(token, "upload", edge);
  if (!session) throw new CloudflareError(10000, 401, "Authentication error: the upload token is not valid or has expired.");
  return session;
}

function keepAsset(session: AssetSession, hash: string, bytes: Uint8Array, contentType: string | undefined, edge: Edge): void {
  const announced = Object.values(session.files).find((file) => file.hash === hash);
  if (!announced) throw refused(`The session does not have a file with the hash ${hash}.`);
  if (bytes.length !== announced.size) throw refused(`The file ${hash} has ${bytes.length} bytes; ${announced.size} were announced.`);
  const typed = contentType !== undefined && contentType !== "application/null";
  edge.state.assets.put(hash, { hash, sha256: edge.content.keep(bytes), size: bytes.length, ...(typed && { contentType }) });
}

function uploadedAnswer(session: AssetSession, edge: Edge): Answer {
  const complete = missingHashes(session, edge).length === 0;
  return { status: complete ? 201 : 202, result: { jwt: complete ? makeToken(session, "complete", edge) : "" } };
}

const uploadAssets: Operation = (call, edge) => {
  if (call.query.get("base64") !== "true") throw invalid("Assets are uploaded with ?base64=true", 10304);
  const session = sessionOf(call, edge);
  const parts = readMultipart(call.body, call.header("content-type"));
  if (parts.length === 0) throw refused("The upload has no files.");
  for (const part of parts) keepAsset(session, part.name, fromBase64(part), part.contentType, edge);
  return uploadedAnswer(session, edge);
};

function fromBase64({ name, body }: Part): Uint8Array {
  const text = Buffer.from(body).toString("latin1").trim();
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw refused(`The file ${name} is not base64.`);
  return Buffer.from(text, "base64");
}

/** One file, as it is. */
const uploadAsset: Operation = (call, edge) => {
  const session = sessionOf(call, edge);
  keepAsset(session, call.path["hash"] ?? "", call.body, call.header("content-type"), edge);
  return uploadedAnswer(session, edge);
};

export const assetTable: OperationTable = {
  createAssetSession: writes("POST /accounts/{account}/workers/scripts/{script}/assets-upload-session", startSession),
  uploadAssets: { ...writes("POST /accounts/{account}/workers/assets/upload", uploadAssets), ownToken: true },
  uploadAsset: { ...writes("POST /accounts/{account}/workers/assets/upload/{hash}", uploadAsset), ownToken: true },
};
