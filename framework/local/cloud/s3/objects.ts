/** PutObject, GetObject, HeadObject and DeleteObject, with the preconditions that make a bucket a lock. */
import { createHash } from "node:crypto";
import type { ObjectRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { findBucket } from "./buckets.ts";
import { noSuchKey, notSpoken, preconditionFailed, s3Error } from "./s3-error.ts";
import type { S3Call, S3Operation } from "./s3-operation.ts";

/** What of a request is stored and given back as it was. */
const keptHeaders = ["content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires"];
/** Bytes: of a key as UTF-8, and of all user metadata. */
const maxKey = 1024;
const maxMetadata = 2048;

const idOf = ({ bucket, key }: S3Call): string => `${bucket}/${key}`;

function findObject(call: S3Call, region: Region): ObjectRecord {
  findBucket(call, region);
  const object = region.state.objects.get(idOf(call));
  if (!object) throw noSuchKey(call.key);
  return object;
}

const isMatch = (condition: string, { etag }: ObjectRecord): boolean =>
  condition === "*" ||
  condition.split(",").some(
    (one) =>
      one
        .trim()
        .replace(/^W\//, "")
        .replace(/^"?([^"]*)"?$/, '"$1"') === etag,
  );

/** Throws 412, or the 404 that If-Match on nothing gives (user guide, "Conditional writes"). */
function checkWrite(call: S3Call, before: ObjectRecord | undefined): void {
  const ifNone = call.header("if-none-match");
  const ifMatch = call.header("if-match");
  if (ifNone !== undefined && ifNone !== "*") throw notSpoken("if-none-match other than *");
  if (ifNone !== undefined && before) throw preconditionFailed("If-None-Match");
  if (ifMatch === undefined) return;
  if (!before) throw noSuchKey(call.key);
  if (!isMatch(ifMatch, before)) throw preconditionFailed("If-Match");
}

export const putObject: S3Operation = async (call, region) => {
  findBucket(call, region);
  if (Buffer.byteLength(call.key) > maxKey) throw s3Error("KeyTooLongError", 400, "Your key is too long");
  const size = Object.entries(call.metadata).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (size > maxMetadata) throw s3Error("MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size");
  const storageClass = call.header("x-amz-storage-class") ?? "STANDARD";
  if (storageClass !== "STANDARD") throw notSpoken(`x-amz-storage-class: ${storageClass}`);
  const encryption = call.header("x-amz-server-side-encryption") ?? "AES256";
  if (encryption !== "AES256") throw notSpoken(`x-amz-server-side-encryption: ${encryption}`);
  const before = region.state.objects.get(idOf(call));
  if (region.pace.write > 0) await region.clock.sleep(region.pace.write);
  // Deleted while it was written: what a condition said of it holds no more (user guide, "Conditional writes").
  const isConditional = (call.header("if-match") ?? call.header("if-none-match")) !== undefined;
  if (isConditional && before && !region.state.objects.get(idOf(call)))
    throw s3Error(
      "ConditionalRequestConflict",
      409,
      "The conditional request cannot succeed due to a conflicting operation against this resource.",
      { Key: call.key },
    );
  const object = store(call, region);
  return { status: 200, headers: [["etag", object.etag], ["x-amz-server-side-encryption", encryption], ...checksumHeaders(object)] };
};

function store(call: S3Call, region: Region): ObjectRecord {
  const before = region.state.objects.get(idOf(call));
  checkWrite(call, before);
  const headers = keptHeaders.flatMap((name): [string, string][] => {
    const value = name === "content-encoding" ? withoutChunking(call.header(name)) : call.header(name);
    return value === undefined ? [] : [[name, value]];
  });
  const object = region.state.objects.put(idOf(call), {
    bucket: call.bucket,
    key: call.key,
    etag: `"${createHash("md5").update(call.body).digest("hex")}"`,
    size: call.body.length,
    modified: region.clock.now(),
    headers: Object.fromEntries(headers),
    metadata: call.metadata,
    checksums: call.checksums,
    body: region.blobs.keep(call.body),
  });
  if (before) region.blobs.drop(before.body);
  return object;
}

/** The framing of the upload is no property of the object. */
function withoutChunking(encoding: string | undefined): string | undefined {
  const rest = encoding
    ?.split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "aws-chunked");
  return rest === undefined || rest.length === 0 ? undefined : rest.join(",");
}

function checksumHeaders({ checksums }: ObjectRecord): readonly (readonly [string, string])[] {
  const entries = Object.entries(checksums);
  return entries.length > 0 ? [...entries, ["x-amz-checksum-type", "FULL_OBJECT"]] : [];
}

/** Throws 412 and 304 as RFC 9110 section 13.2.2 orders them. */
function checkRead(call: S3Call, object: ObjectRecord): void {
  const ifMatch = call.header("if-match");
  if (ifMatch !== undefined && !isMatch(ifMatch, object)) throw preconditionFailed("If-Match");
  const ifNone = call.header("if-none-match");
  if (ifNone !== undefined && isMatch(ifNone, object)) throw s3Error("NotModified", 304, "Not Modified");
}

function headersOf(call: S3Call, object: ObjectRecord): readonly (readonly [string, string])[] {
  const type: Record<string, string> = { "content-type": "binary/octet-stream" };
  return [
    ["last-modified", new Date(object.modified).toUTCString()],
    ["etag", object.etag],
    ["accept-ranges", "bytes"],
    ["content-length", String(object.size)],
    ["x-amz-server-side-encryption", "AES256"],
    ...Object.entries({ ...type, ...object.headers }),
    ...Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value] as const),
    ...(call.header("x-amz-checksum-mode") === "ENABLED" ? checksumHeaders(object) : []),
  ];
}

export const getObject: S3Operation = (call, region) => {
  const object = findObject(call, region);
  checkRead(call, object);
  return { status: 200, headers: headersOf(call, object), body: region.blobs.read(object.body) };
};

export const headObject: S3Operation = (call, region) => {
  const object = findObject(call, region);
  checkRead(call, object);
  return { status: 200, headers: headersOf(call, object) };
};

/** Without a precondition, what is not there is as good as deleted. */
export const deleteObject: S3Operation = (call, region) => {
  findBucket(call, region);
  const before = region.state.objects.get(idOf(call));
  checkWrite(call, before);
  if (before) {
    region.state.objects.remove(idOf(call));
    region.blobs.drop(before.body);
  }
  return { status: 204 };
};
