/** Lists the objects of a bucket (ListObjectsV2), sorted by the bytes of their keys. */
import { element } from "../aws/xml.ts";
import { invalidArgument } from "./errors.ts";
import type { ObjectStore, StoredObject } from "./object-store.ts";
import { checkBucket } from "./objects.ts";
import type { S3Call, S3Operation } from "./operation.ts";

/** The XML namespace of S3's documents. */
export const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

/** Most keys of a page, whatever max-keys says. */
const maxKeys = 1000;

/** An object, or a common prefix that stands for all objects below it. */
type ListedKey = { readonly name: string; readonly object?: StoredObject };

/** The value of a bounded integer parameter. */
function integerQuery({ query }: S3Call, name: string, fallback: number): number {
  const text = query.get(name);
  const value = Number(text ?? fallback);
  if (!Number.isInteger(value) || value < 0 || text === "")
    throw invalidArgument(`Provided ${name} not an integer or within integer range`, name);
  return value;
}

const byBytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));

/** Which keys of a bucket. */
interface Listing {
  readonly bucket: string;
  readonly prefix: string;
  readonly delimiter: string;
  /** The last name of the page before, or "". */
  readonly start: string;
}

/** The first `count` names, of which `objects` lists no more rows at once than that. */
function listKeys(objects: ObjectStore, listing: Listing, count: number): readonly ListedKey[] {
  const { bucket, prefix, delimiter, start } = listing;
  const entries = new Map<string, ListedKey>();
  let from = Buffer.from(byBytes(prefix, start) > 0 ? prefix : start);
  for (;;) {
    const rows = objects.list(bucket, from, count);
    let last: ListedKey | undefined;
    for (const object of rows) {
      if (entries.size === count || !object.key.startsWith(prefix)) return [...entries.values()];
      last = toEntry(object, prefix, delimiter);
      if (byBytes(last.name, start) > 0 && !entries.has(last.name)) entries.set(last.name, last);
    }
    if (!last || rows.length < count) return [...entries.values()];
    from = Buffer.concat([Buffer.from(last.name), last.object ? beforeOthers : afterAll]);
  }
}

/** No byte of UTF-8 comes before the first, none at or after the second. */
const [beforeOthers, afterAll] = [Buffer.of(0), Buffer.of(0xff)];

function toEntry(object: StoredObject, prefix: string, delimiter: string): ListedKey {
  const end = delimiter === "" ? -1 : object.key.indexOf(delimiter, prefix.length);
  return end < 0 ? { name: object.key, object } : { name: object.key.slice(0, end + delimiter.length) };
}

/** A client can ask for URL-encoded keys, since keys may hold characters that XML cannot: as a form encodes them. */
function encoder(call: S3Call): (text: string) => string {
  const type = call.query.get("encoding-type");
  if (type !== null && type !== "url")
    throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type");
  const encode = (text: string): string => new URLSearchParams([["", text]]).toString().slice(1).replaceAll("%2F", "/");
  return type === null ? (text) => text : encode;
}

function startOf(call: S3Call): string {
  const token = call.query.get("continuation-token");
  if (token === null) return call.query.get("start-after") ?? "";
  const start = Buffer.from(token, "base64url").toString();
  if (token === "" || Buffer.from(start).toString("base64url") !== token) {
    throw invalidArgument("The continuation token provided is incorrect", "continuation-token");
  }
  return start;
}

function describe({ key, etag, size, modified }: StoredObject, encode: (text: string) => string): string {
  return element("Contents", [
    element("Key", encode(key)),
    element("LastModified", `${new Date(modified).toISOString().slice(0, 19)}.000Z`),
    element("ETag", etag),
    element("Size", size),
    element("StorageClass", "STANDARD"),
  ]);
}

export const listObjectsV2: S3Operation = (call, plane) => {
  checkBucket(call, plane);
  const { query } = call;
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const size = Math.min(integerQuery(call, "max-keys", maxKeys), maxKeys);
  const encode = encoder(call);
  const listing = { bucket: call.bucket, prefix, delimiter, start: startOf(call) };
  const found = listKeys(plane.objects(), listing, size + 1);
  const page = found.slice(0, size);
  const isTruncated = size > 0 && found.length > size;
  const last = page.at(-1)?.name ?? "";
  const body = [
    element("Name", call.bucket),
    element("Prefix", encode(prefix)),
    element("Delimiter", delimiter === "" ? undefined : encode(delimiter)),
    element("MaxKeys", size),
    element("EncodingType", query.get("encoding-type") ?? undefined),
    element("KeyCount", page.length),
    element("IsTruncated", isTruncated),
    element("ContinuationToken", query.get("continuation-token") ?? undefined),
    element("NextContinuationToken", isTruncated ? Buffer.from(last).toString("base64url") : undefined),
    element("StartAfter", query.get("start-after") ?? undefined),
    ...page.map((entry) =>
      entry.object
        ? describe(entry.object, encode)
        : element("CommonPrefixes", [element("Prefix", encode(entry.name))]),
    ),
  ];
  return { status: 200, body: `<ListBucketResult xmlns="${s3Namespace}">${body.join("")}</ListBucketResult>` };
};
