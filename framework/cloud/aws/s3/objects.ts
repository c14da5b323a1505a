/** S3 objects: PutObject, GetObject, HeadObject and DeleteObject, with their preconditions. */
import { createHash } from "node:crypto";
import type { ObjectRecord } from "../records.ts";
import type { Uses } from "../backends.ts";
import { findBucket } from "./buckets.ts";
import { noSuchKey, notSupported, preconditionFailed, s3Error } from "./errors.ts";
import type { S3Call, S3Operation } from "./operation.ts";

/** Request headers that are stored with the object and returned unchanged. */
const storedHeaders = [
  "content-type",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
];
/** Bytes: of a key as UTF-8, and of all user metadata. */
const maxKey = 1024;
const maxMetadata = 2048;

const idOf = ({ bucket, key }: S3Call): string => `${bucket}/${key}`;

function findObject(call: S3Call, { buckets, objects }: Uses<"buckets" | "objects">): ObjectRecord {
  findBucket(call, buckets);
  const object = objects.get(idOf(call));
  if (!object) throw noSuchKey(call.key);
  return object;
}

const isMatch = (condition: string, { etag }: ObjectRecord): boolean =>
  condition === "*" ||
  condition.split(",").some(
    (tag) =>
      tag
        .trim()
        .replace(/^W\//, "")
        .replace(/^"?([^"]*)"?$/, '"$1"') === etag,
  );

/** Throws 412, or 404 for If-Match on a missing object (user guide, "Conditional writes"). */
function checkWrite(call: S3Call, before: ObjectRecord | undefined): void {
  const ifNone = call.header("if-none-match");
  const ifMatch = call.header("if-match");
  if (ifNone !== undefined && ifNone !== "*") throw notSupported("if-none-match other than *");
  if (ifNone !== undefined && before) throw preconditionFailed("If-None-Match");
  if (ifMatch === undefined) return;
  if (!before) throw noSuchKey(call.key);
  if (!isMatch(ifMatch, before)) throw preconditionFailed("If-Match");
}

export const putObject: S3Operation<"buckets" | "objects" | "blobs" | "clock" | "latency"> = async (
  call,
  { buckets, objects, blobs, clock, latency },
) => {
  findBucket(call, buckets);
  if (Buffer.byteLength(call.key) > maxKey) throw s3Error("KeyTooLongError", 400, "Your key is too long");
  const size = Object.entries(call.metadata).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  if (size > maxMetadata)
    throw s3Error("MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size");
  const storageClass = call.header("x-amz-storage-class") ?? "STANDARD";
  if (storageClass !== "STANDARD") throw notSupported(`x-amz-storage-class: ${storageClass}`);
  const encryption = call.header("x-amz-server-side-encryption") ?? "AES256";
  if (encryption !== "AES256") throw notSupported(`x-amz-server-side-encryption: ${encryption}`);
  const before = objects.get(idOf(call));
  if (latency.write > 0) await clock.sleep(latency.write);
  // Deleted during the write: the condition no longer holds (user guide, "Conditional writes").
  const isConditional = (call.header("if-match") ?? call.header("if-none-match")) !== undefined;
  if (isConditional && before && !objects.get(idOf(call)))
    throw s3Error(
      "ConditionalRequestConflict",
      409,
      "The conditional request cannot succeed due to a conflicting operation against this resource.",
      { Key: call.key },
    );
  const object = store(call, { objects, blobs, clock });
  return {
    status: 200,
    headers: [["etag", object.etag], ["x-amz-server-side-encryption", encryption], ...checksumHeaders(object)],
  };
};

function store(call: S3Call, { objects, blobs, clock }: Uses<"objects" | "blobs" | "clock">): ObjectRecord {
  const before = objects.get(idOf(call));
  checkWrite(call, before);
  const headers = storedHeaders.flatMap((name): [string, string][] => {
    const value = name === "content-encoding" ? withoutChunking(call.header(name)) : call.header(name);
    return value === undefined ? [] : [[name, value]];
  });
  const object = objects.put(idOf(call), {
    bucket: call.bucket,
    key: call.key,
    etag: `"${createHash("md5").update(call.body).digest("hex")}"`,
    size: call.body.length,
    modified: clock.now(),
    headers: Object.fromEntries(headers),
    metadata: call.metadata,
    checksums: call.checksums,
    body: blobs.keep(call.body),
  });
  if (before) blobs.drop(before.body);
  return object;
}

/** aws-chunked is the framing of the upload, not an encoding of the object. */
function withoutChunking(encoding: string | undefined): string | undefined {
  const rest = encoding
    ?.split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "aws-chunked");
  return rest === undefined || rest.length === 0 ? undefined : rest.join(",");
}

function checksumHeaders({ checksums }: ObjectRecord): readonly (readonly [string, string])[] {
  const entries = Object.entries(checksums);
  return entries.length > 0 ? [...entries, ["x-amz-checksum-type", "FULL_OBJECT"]] : [];
}

/** Throws 412 or 304, in the order of RFC 9110 section 13.2.2. */
function checkRead(call: S3Call, object: ObjectRecord): void {
  const ifMatch = call.header("if-match");
  if (ifMatch !== undefined && !isMatch(ifMatch, object)) throw preconditionFailed("If-Match");
  const ifNone = call.header("if-none-match");
  if (ifNone !== undefined && isMatch(ifNone, object)) throw s3Error("NotModified", 304, "Not Modified");
}

function objectHeaders(call: S3Call, object: ObjectRecord): readonly (readonly [string, string])[] {
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

export const getObject: S3Operation<"buckets" | "objects" | "blobs"> = (call, { buckets, objects, blobs }) => {
  const object = findObject(call, { buckets, objects });
  checkRead(call, object);
  return { status: 200, headers: objectHeaders(call, object), body: blobs.read(object.body) };
};

export const headObject: S3Operation<"buckets" | "objects"> = (call, { buckets, objects }) => {
  const object = findObject(call, { buckets, objects });
  checkRead(call, object);
  return { status: 200, headers: objectHeaders(call, object) };
};

/** Without a precondition, deleting a missing object succeeds. */
export const deleteObject: S3Operation<"buckets" | "objects" | "blobs"> = (call, { buckets, objects, blobs }) => {
  findBucket(call, buckets);
  const before = objects.get(idOf(call));
  checkWrite(call, before);
  if (before) {
    objects.remove(idOf(call));
    blobs.drop(before.body);
  }
  return { status: 204 };
};
