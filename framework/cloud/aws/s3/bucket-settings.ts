/** The settings of a bucket: PutPublicAccessBlock and PutBucketTagging. */
import { readXml, type XmlElement } from "../xml.ts";
import { findBucket } from "./buckets.ts";
import { invalidRequest, malformedXml, s3Error } from "./errors.ts";
import type { S3Call, S3Operation } from "./operation.ts";

/** The XML document of a body, which must come with a checksum. */
function documentOf(call: S3Call, root: string): XmlElement {
  if (Object.keys(call.checksums).length === 0 && call.header("content-md5") === undefined) {
    throw invalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  }
  const document = readXml(Buffer.from(call.body).toString("utf8"));
  if (document?.name !== root) throw malformedXml();
  return document;
}

const blocks = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"] as const;

export const putPublicAccessBlock: S3Operation<"buckets"> = (call, { buckets }) => {
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

export const putBucketTagging: S3Operation<"buckets"> = (call, { buckets }) => {
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
