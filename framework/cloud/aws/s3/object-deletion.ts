/** Deletes up to 1,000 objects of a bucket in one call (DeleteObjects). */
import { element, type XmlElement } from "../../../emulation/aws/xml.ts";
import { malformedXml, notSupported } from "../../../emulation/s3/errors.ts";
import { s3Namespace } from "../../../emulation/s3/object-listing.ts";
import { findBucket } from "./buckets.ts";
import { documentOf } from "./bucket-settings.ts";
import type { BucketOperation } from "./bucket-operation.ts";

export const deleteObjects: BucketOperation<"buckets" | "objects"> = (call, { buckets, objects }) => {
  findBucket(call, buckets);
  const { children } = documentOf(call, "Delete");
  const isQuiet = children.some(({ name, text }) => name === "Quiet" && text === "true");
  const named = children.filter(({ name }) => name !== "Quiet");
  if (named.length === 0 || named.length > 1000) throw malformedXml();
  const keys = named.map(keyOf);
  for (const key of keys) objects().remove(call.bucket, key, () => {});
  const deleted = isQuiet ? [] : keys.map((key) => element("Deleted", [element("Key", key)]));
  return { status: 200, body: `<DeleteResult xmlns="${s3Namespace}">${deleted.join("")}</DeleteResult>` };
};

function keyOf({ name, children }: XmlElement): string {
  const [key, ...more] = children;
  if (name !== "Object" || key?.name !== "Key" || key.text === "") throw malformedXml();
  if (more[0]) throw notSupported(`Delete.Object.${more[0].name}`);
  return key.text;
}
