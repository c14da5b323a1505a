/** The settings of a bucket: public access, tags, and the rules of cross-origin requests. */
import { element, readXml, type XmlElement } from "../../../emulation/aws/xml.ts";
import { findBucket } from "./buckets.ts";
import { invalidRequest, malformedXml, notSupported, s3Error } from "../../../emulation/s3/errors.ts";
import { s3Namespace } from "../../../emulation/s3/object-listing.ts";
import type { CorsRule, S3Call } from "../../../emulation/s3/operation.ts";
import type { BucketOperation } from "./bucket-operation.ts";

/** The XML document of a body, which must come with a checksum. */
export function documentOf(call: S3Call, root: string): XmlElement {
  if (Object.keys(call.checksums).length === 0 && call.header("content-md5") === undefined) {
    throw invalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  }
  const document = readXml(Buffer.from(call.body).toString("utf8"));
  if (document?.name !== root) throw malformedXml();
  return document;
}

const blocks = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"] as const;

export const putPublicAccessBlock: BucketOperation<"buckets"> = (call, { buckets }) => {
  const bucket = findBucket(call, buckets);
  const { children } = documentOf(call, "PublicAccessBlockConfiguration");
  if (
    children.some(
      ({ name, text }) => !blocks.some((block) => block === name) || !/^(?:true|false|TRUE|FALSE)$/.test(text),
    )
  )
    throw malformedXml();
  const isOn = (block: string): boolean => children.find(({ name }) => name === block)?.text.toLowerCase() === "true";
  const publicAccess = Object.fromEntries(blocks.map((block) => [block, isOn(block)]));
  buckets.put(bucket.name, { ...bucket, publicAccess });
  return { status: 200 };
};

export const putBucketTagging: BucketOperation<"buckets"> = (call, { buckets }) => {
  const bucket = findBucket(call, buckets);
  const [set, ...more] = documentOf(call, "Tagging").children;
  if (set?.name !== "TagSet" || more.length > 0) throw malformedXml();
  const tags: Record<string, string> = {};
  for (const { name, children } of set.children) {
    const text = (part: string): string | undefined => children.find((child) => child.name === part)?.text;
    const [key, value] = [text("Key"), text("Value")];
    if (name !== "Tag" || key === undefined || value === undefined) throw malformedXml();
    if (Object.hasOwn(tags, key)) throw s3Error("InvalidTag", 400, "Cannot provide multiple Tags with the same key");
    tags[key] = checkedValue(key, value);
  }
  if (Object.keys(tags).length > 50) throw s3Error("BadRequest", 400, "Bucket tag count cannot be greater than 50");
  buckets.put(bucket.name, { ...bucket, tags });
  return { status: 204 };
};

function checkedValue(key: string, value: string): string {
  const isValid =
    /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value);
  if (!isValid) throw s3Error("InvalidTag", 400, "The TagKey or TagValue you have provided is invalid");
  if (key.toLowerCase().startsWith("aws:"))
    throw s3Error("InvalidTag", 400, "System tags cannot be added/updated by requester");
  return value;
}

export const getBucketTagging: BucketOperation<"buckets"> = (call, { buckets }) => {
  const { name, tags } = findBucket(call, buckets);
  const entries = Object.entries(tags);
  if (entries.length === 0) throw s3Error("NoSuchTagSet", 404, "The TagSet does not exist", { BucketName: name });
  const set = entries.map(([key, value]) => element("Tag", [element("Key", key), element("Value", value)]));
  return { status: 200, body: `<Tagging xmlns="${s3Namespace}">${element("TagSet", set)}</Tagging>` };
};

export const putBucketCors: BucketOperation<"buckets"> = (call, { buckets }) => {
  const bucket = findBucket(call, buckets);
  const { children } = documentOf(call, "CORSConfiguration");
  if (children.length === 0 || children.length > 100) throw malformedXml();
  buckets.put(bucket.name, { ...bucket, cors: children.map(toRule) });
  return { status: 200 };
};

function toRule({ name, children }: XmlElement): CorsRule {
  if (name !== "CORSRule") throw malformedXml();
  const known = ["AllowedOrigin", "AllowedMethod", "AllowedHeader", "ExposeHeader", "MaxAgeSeconds"];
  const unknown = children.find((child) => !known.includes(child.name));
  if (unknown) throw notSupported(`CORSRule.${unknown.name}`);
  const texts = (part: string): readonly string[] =>
    children.filter((child) => child.name === part).map(({ text }) => text);
  const [origins, methods, headers] = [texts("AllowedOrigin"), texts("AllowedMethod"), texts("AllowedHeader")];
  const [exposed, ages] = [texts("ExposeHeader"), texts("MaxAgeSeconds")];
  if (origins.length === 0 || methods.length === 0 || ages.length > 1 || !ages.every((age) => /^\d{1,9}$/.test(age)))
    throw malformedXml();
  for (const method of methods)
    if (!["GET", "PUT", "POST", "DELETE", "HEAD"].includes(method))
      throw invalidRequest(`Found unsupported HTTP method in CORS config. Unsupported method is ${method}`);
  for (const [kind, patterns] of Object.entries({ AllowedOrigin: origins, AllowedHeader: headers }))
    for (const pattern of patterns)
      if (pattern.split("*").length > 2)
        throw invalidRequest(`${kind} "${pattern}" can not have more than one wildcard.`);
  for (const header of exposed)
    if (header.includes("*"))
      throw invalidRequest(
        `ExposeHeader "${header}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
      );
  const [age] = ages;
  return { origins, methods, headers, exposed, ...(age !== undefined && { maxAge: Number(age) }) };
}
