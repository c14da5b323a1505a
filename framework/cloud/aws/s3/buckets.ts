/** S3 buckets: CreateBucket, DeleteBucket, and the lookup of the bucket that a call names. */
import type { Collection } from "../../collection.ts";
import { localRegion } from "../arn.ts";
import type { BucketRecord } from "../records.ts";
import { readXml } from "../../../emulation/aws/xml.ts";
import { malformedXml, noSuchBucket, notSupported, s3Error } from "../../../emulation/s3/errors.ts";
import type { S3Call } from "../../../emulation/s3/operation.ts";
import type { BucketOperation } from "./bucket-operation.ts";

/** The bucket that a call names. Throws NoSuchBucket. */
export function findBucket({ bucket }: S3Call, buckets: Collection<BucketRecord>): BucketRecord {
  const found = buckets.get(bucket);
  if (!found) throw noSuchBucket(bucket);
  return found;
}

/** User guide, "General purpose bucket naming rules". */
function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes("..") &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name) &&
    !/^(?:xn--|sthree-|amzn-s3-demo-)/.test(name) &&
    !/(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name)
  );
}

export const createBucket: BucketOperation<"buckets" | "clock"> = (call, { buckets, clock }) => {
  const { bucket } = call;
  if (!isBucketName(bucket))
    throw s3Error("InvalidBucketName", 400, "The specified bucket is not valid.", { BucketName: bucket });
  checkLocation(call.body);
  const acl = call.header("x-amz-acl") ?? "private";
  if (acl !== "private") throw notSupported(`x-amz-acl: ${acl}`);
  const ownership = call.header("x-amz-object-ownership") ?? "BucketOwnerEnforced";
  if (ownership !== "BucketOwnerEnforced") throw notSupported(`x-amz-object-ownership: ${ownership}`);
  // Only us-east-1 lets the owner of a bucket create it again (API reference, CreateBucket, BucketAlreadyOwnedByYou).
  if (!buckets.get(bucket)) {
    // Since April 2023 every new bucket blocks public access and has no ACLs.
    const publicAccess = {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    };
    buckets.put(bucket, { name: bucket, created: clock.now(), tags: {}, publicAccess });
  }
  return { status: 200, headers: [["location", `/${bucket}`]] };
};

export const deleteBucket: BucketOperation<"buckets" | "objects"> = (call, { buckets, objects }) => {
  const { name } = findBucket(call, buckets);
  if (objects().list(name, Buffer.alloc(0), 1).length > 0)
    throw s3Error("BucketNotEmpty", 409, "The bucket you tried to delete is not empty", { BucketName: name });
  buckets.remove(name);
  return { status: 204 };
};

/** A bucket in us-east-1 has no location constraint; the name us-east-1 is not a valid one. */
function checkLocation(body: Uint8Array): void {
  if (body.length === 0) return;
  const root = readXml(Buffer.from(body).toString("utf8"));
  if (root?.name !== "CreateBucketConfiguration") throw malformedXml();
  for (const { name, text } of root.children) {
    if (name !== "LocationConstraint") throw notSupported(`CreateBucketConfiguration.${name}`);
    if (text === localRegion || !/^[a-z]{2}(-[a-z]+)+-\d$/.test(text)) {
      throw s3Error("InvalidLocationConstraint", 400, "The specified location-constraint is not valid", {
        LocationConstraint: text,
      });
    }
    throw s3Error(
      "IllegalLocationConstraintException",
      400,
      `The ${text} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  }
}
