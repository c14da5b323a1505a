/** S3 objects: PutObject, GetObject, HeadObject and DeleteObject, with their preconditions. */
import { createHash } from "node:crypto";
import { noSuchBucket, noSuchKey, notSupported, preconditionFailed, s3Error } from "./errors.ts";
import type { StoredObject } from "./object-store.ts";
import type { ObjectPlane, S3Call, S3Operation } from "./operation.ts";

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

/** Throws NoSuchBucket. */
export function checkBucket({ bucket }: Pick<S3Call, "bucket">, { findBucket }: Pick<ObjectPlane, "findBucket">): void {
  if (!findBucket(bucket)) throw noSuchBucket(bucket);
}

/** The object itself, or throws NoSuchKey. */
function found<T extends StoredObject>(object: T | undefined, { key }: S3Call): T {
  if (!object) throw noSuchKey(key);
  return object;
}

const isMatch = (condition: string, { etag }: StoredObject): boolean =>
  condition === "*" ||
  condition.split(",").some(
    (tag) =>
      tag
        .trim()
        .replace(/^W\//, "")
        .replace(/^"?([^"]*)"?$/, '"$1"') === etag,
  );

/** Throws 412, or 404 for If-Match on a missing object (user guide, "Conditional writes"). */
function checkWrite(call: S3Call, before: StoredObject | undefined): void {
  const ifNone = call.header("if-none-match");
  const ifMatch = call.header("if-match");
  if (ifNone !== undefined && ifNone !== "*") throw notSupported("if-none-match other than *");
  if (ifNone !== undefined && before) throw preconditionFailed("If-None-Match");
  if (ifMatch === undefined) return;
  if (!before) throw noSuchKey(call.key);
  if (!isMatch(ifMatch, before)) throw preconditionFailed("If-Match");
}

/** Throws KeyTooLongError. */
export function checkKey(key: string): void {
  if (Buffer.byteLength(key) > maxKey) throw s3Error("KeyTooLongError", 400, "Your key is too long");
}

export const putObject: S3Operation = async (call, plane) => {
  checkBucket(call, plane);
  checkKey(call.key);
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
  const isConditional = (call.header("if-match") ?? call.header("if-none-match")) !== undefined;
  const before = isConditional && plane.objects().find(call.bucket, call.key);
  await plane.writeDelay();
  // Deleted during the write: the condition no longer holds (user guide, "Conditional writes").
  if (before && !plane.objects().find(call.bucket, call.key))
    throw s3Error(
      "ConditionalRequestConflict",
      409,
      "The conditional request cannot succeed due to a conflicting operation against this resource.",
      { Key: call.key },
    );
  const object = storeObject(call, plane);
  return {
    status: 200,
    headers: [["etag", object.etag], ["x-amz-server-side-encryption", encryption], ...checksumHeaders(object)],
  };
};

/** Replaces whatever has the key. Throws for a precondition that does not hold. */
export function storeObject(call: S3Call, { objects, now }: ObjectPlane): StoredObject {
  const headers = storedHeaders.flatMap((name): [string, string][] => {
    const value = name === "content-encoding" ? withoutChunking(call.header(name)) : call.header(name);
    return value === undefined ? [] : [[name, value]];
  });
  const object = {
    bucket: call.bucket,
    key: call.key,
    etag: `"${createHash("md5").update(call.body).digest("hex")}"`,
    size: call.body.length,
    modified: now(),
    headers: Object.fromEntries(headers),
    metadata: call.metadata,
    checksums: call.checksums,
  };
  objects().put(object, call.body, (before) => checkWrite(call, before));
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

function checksumHeaders({ checksums }: StoredObject): readonly (readonly [string, string])[] {
  const entries = Object.entries(checksums);
  return entries.length > 0 ? [...entries, ["x-amz-checksum-type", "FULL_OBJECT"]] : [];
}

/** Throws 412 or 304, in the order of RFC 9110 section 13.2.2. */
function checkRead(call: S3Call, object: StoredObject): void {
  const ifMatch = call.header("if-match");
  if (ifMatch !== undefined && !isMatch(ifMatch, object)) throw preconditionFailed("If-Match");
  const ifNone = call.header("if-none-match");
  if (ifNone !== undefined && isMatch(ifNone, object)) throw s3Error("NotModified", 304, "Not Modified");
}

function objectHeaders(call: S3Call, object: StoredObject): readonly (readonly [string, string])[] {
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

export const getObject: S3Operation = (call, plane) => {
  checkBucket(call, plane);
  const object = found(plane.objects().read(call.bucket, call.key), call);
  checkRead(call, object);
  const range = rangeOf(call, object);
  if (!range) return { status: 200, headers: objectHeaders(call, object), body: object.content };
  const [first, end] = range;
  // Checksums are those of whole objects.
  const headers = objectHeaders(call, object).filter(([name]) => !/^(?:content-length|x-amz-checksum-.*)$/.test(name));
  const part = [
    ["content-length", String(end - first)],
    ["content-range", `bytes ${first}-${end - 1}/${object.size}`],
  ] as const;
  return { status: 206, headers: [...headers, ...part], body: object.content.subarray(first, end) };
};

/** One range of bytes, its end exclusive; anything else in the header is ignored. Throws InvalidRange (416). */
function rangeOf(call: S3Call, { size }: StoredObject): readonly [first: number, end: number] | undefined {
  const header = call.header("range");
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === undefined || to === undefined || from + to === "") return undefined;
  if (from !== "" && to !== "" && Number(to) < Number(from)) return undefined;
  const first = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size : Math.min(size, Number(to) + 1);
  if (first < end) return [first, end];
  throw s3Error("InvalidRange", 416, "The requested range is not satisfiable", {
    RangeRequested: header!,
    ActualObjectSize: String(size),
  });
}

export const headObject: S3Operation = (call, plane) => {
  checkBucket(call, plane);
  const object = found(plane.objects().find(call.bucket, call.key), call);
  checkRead(call, object);
  return { status: 200, headers: objectHeaders(call, object) };
};

/** Without a precondition, deleting a missing object succeeds. */
export const deleteObject: S3Operation = (call, plane) => {
  checkBucket(call, plane);
  plane.objects().remove(call.bucket, call.key, (before) => checkWrite(call, before));
  return { status: 204 };
};
