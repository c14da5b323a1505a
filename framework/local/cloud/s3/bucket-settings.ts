/** What a bucket is set to: public access block, tags and object ownership; put, got and deleted. */
import type { BucketRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { element, readXml, type XmlElement } from "../xml.ts";
import { findBucket, s3Namespace } from "./buckets.ts";
import { invalidRequest, malformedXml, notSpoken, s3Error } from "./s3-error.ts";
import type { S3Call, S3Operation } from "./s3-operation.ts";

/** The document of a body that must come with a checksum. */
function documentOf(call: S3Call, root: string): XmlElement {
  if (Object.keys(call.checksums).length === 0 && call.header("content-md5") === undefined) {
    throw invalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  }
  const document = readXml(Buffer.from(call.body).toString("utf8"));
  if (document?.name !== root) throw malformedXml();
  return document;
}

function change(call: S3Call, region: Region, next: (bucket: BucketRecord) => BucketRecord): void {
  const bucket = findBucket(call, region);
  region.state.buckets.put(bucket.name, next(bucket));
}

const blocks = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"] as const;

export const putPublicAccessBlock: S3Operation = (call, region) => {
  findBucket(call, region);
  const { children } = documentOf(call, "PublicAccessBlockConfiguration");
  if (children.some(({ name, text }) => !blocks.some((block) => block === name) || !/^(?:true|false|TRUE|FALSE)$/.test(text)))
    throw malformedXml();
  const isOn = (block: string): boolean => children.find(({ name }) => name === block)?.text.toLowerCase() === "true";
  const publicAccess = Object.fromEntries(blocks.map((block) => [block, isOn(block)]));
  change(call, region, (bucket) => ({ ...bucket, publicAccess }));
  return { status: 200 };
};

export const getPublicAccessBlock: S3Operation = (call, region) => {
  const { name, publicAccess } = findBucket(call, region);
  if (!publicAccess) {
    throw s3Error("NoSuchPublicAccessBlockConfiguration", 404, "The public access block configuration was not found", { BucketName: name });
  }
  const body = Object.entries(publicAccess).map(([block, isOn]) => element(block, isOn));
  return { status: 200, body: `<PublicAccessBlockConfiguration xmlns="${s3Namespace}">${body.join("")}</PublicAccessBlockConfiguration>` };
};

export const deletePublicAccessBlock: S3Operation = (call, region) => {
  const { publicAccess: _, ...bucket } = findBucket(call, region);
  region.state.buckets.put(bucket.name, bucket);
  return { status: 204 };
};

export const putBucketTagging: S3Operation = (call, region) => {
  findBucket(call, region);
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
  change(call, region, (bucket) => ({ ...bucket, tags }));
  return { status: 204 };
};

function checkedValue(key: string, value: string): string {
  const isFine = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value);
  if (!isFine) throw s3Error("InvalidTag", 400, "The TagKey or TagValue you have provided is invalid");
  if (key.toLowerCase().startsWith("aws:")) throw s3Error("InvalidTag", 400, "System tags cannot be added/updated by requester");
  return value;
}

export const getBucketTagging: S3Operation = (call, region) => {
  const { name, tags } = findBucket(call, region);
  const entries = Object.entries(tags);
  if (entries.length === 0) throw s3Error("NoSuchTagSet", 404, "The TagSet does not exist", { BucketName: name });
  const set = entries.map(([key, value]) => element("Tag", [element("Key", key), element("Value", value)]));
  return { status: 200, body: `<Tagging xmlns="${s3Namespace}">${element("TagSet", set)}</Tagging>` };
};

export const deleteBucketTagging: S3Operation = (call, region) => {
  change(call, region, (bucket) => ({ ...bucket, tags: {} }));
  return { status: 204 };
};

export const putBucketOwnershipControls: S3Operation = (call, region) => {
  findBucket(call, region);
  const rules = documentOf(call, "OwnershipControls").children;
  const [rule] = rules;
  const [ownership] = rule?.children ?? [];
  if (rules.length !== 1 || rule?.name !== "Rule" || ownership?.name !== "ObjectOwnership") throw malformedXml();
  if (ownership.text !== "BucketOwnerEnforced") throw notSpoken(`ObjectOwnership ${ownership.text}`);
  return { status: 200 };
};

export const getBucketOwnershipControls: S3Operation = (call, region) => {
  findBucket(call, region);
  const rule = element("Rule", [element("ObjectOwnership", "BucketOwnerEnforced")]);
  return { status: 200, body: `<OwnershipControls xmlns="${s3Namespace}">${rule}</OwnershipControls>` };
};
