/** CreateBucket, HeadBucket, ListBuckets, GetBucketLocation and DeleteBucket. */
import { account, localRegion } from "../arn.ts";
import type { BucketRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { element, readXml } from "../xml.ts";
import { invalidArgument, malformedXml, noSuchBucket, notSpoken, s3Error } from "./s3-error.ts";
import type { S3Call, S3Operation } from "./s3-operation.ts";

/** The namespace of S3's documents. */
export const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

/** The bucket that a call names. Throws NoSuchBucket. */
export function findBucket({ bucket }: S3Call, { state }: Region): BucketRecord {
  const found = state.buckets.get(bucket);
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

export const createBucket: S3Operation = (call, region) => {
  const { bucket } = call;
  if (!isBucketName(bucket)) throw s3Error("InvalidBucketName", 400, "The specified bucket is not valid.", { BucketName: bucket });
  checkLocation(call.body);
  const acl = call.header("x-amz-acl") ?? "private";
  if (acl !== "private") throw notSpoken(`x-amz-acl: ${acl}`);
  const ownership = call.header("x-amz-object-ownership") ?? "BucketOwnerEnforced";
  if (ownership !== "BucketOwnerEnforced") throw notSpoken(`x-amz-object-ownership: ${ownership}`);
  // In us-east-1, alone of all regions, one's own bucket may be created again (API reference, CreateBucket, BucketAlreadyOwnedByYou).
  if (!region.state.buckets.get(bucket)) {
    // Since April 2023 every new bucket blocks public access and has no ACLs.
    const publicAccess = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
    region.state.buckets.put(bucket, { name: bucket, created: region.clock.now(), tags: {}, publicAccess });
  }
  return { status: 200, headers: [["location", `/${bucket}`]] };
};

/** us-east-1 is meant by no constraint, and cannot be one. */
function checkLocation(body: Uint8Array): void {
  if (body.length === 0) return;
  const root = readXml(Buffer.from(body).toString("utf8"));
  if (root?.name !== "CreateBucketConfiguration") throw malformedXml();
  for (const { name, text } of root.children) {
    if (name !== "LocationConstraint") throw notSpoken(`CreateBucketConfiguration.${name}`);
    if (text === localRegion || !/^[a-z]{2}(-[a-z]+)+-\d$/.test(text)) {
      throw s3Error("InvalidLocationConstraint", 400, "The specified location-constraint is not valid", { LocationConstraint: text });
    }
    throw s3Error(
      "IllegalLocationConstraintException",
      400,
      `The ${text} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  }
}

export const headBucket: S3Operation = (call, region) => {
  findBucket(call, region);
  return { status: 200, headers: [["x-amz-bucket-region", localRegion]] };
};

export const listBuckets: S3Operation = (_, region) => {
  const buckets = region.state.buckets
    .all()
    .map(({ name, created }) => element("Bucket", [element("Name", name), element("CreationDate", new Date(created).toISOString())]));
  const owner = element("Owner", [element("ID", account)]);
  return {
    status: 200,
    body: `<ListAllMyBucketsResult xmlns="${s3Namespace}">${owner}${element("Buckets", buckets)}</ListAllMyBucketsResult>`,
  };
};

export const getBucketLocation: S3Operation = (call, region) => {
  findBucket(call, region);
  return { status: 200, body: `<LocationConstraint xmlns="${s3Namespace}"/>` };
};

export const deleteBucket: S3Operation = (call, region) => {
  const { name } = findBucket(call, region);
  if (region.state.objects.all().some(({ bucket }) => bucket === name)) {
    throw s3Error("BucketNotEmpty", 409, "The bucket you tried to delete is not empty", { BucketName: name });
  }
  region.state.buckets.remove(name);
  return { status: 204 };
};

/** The value of a bounded integer parameter. */
export function integerQuery({ query }: S3Call, name: string, fallback: number): number {
  const given = query.get(name);
  const value = Number(given ?? fallback);
  if (!Number.isInteger(value) || value < 0 || given === "")
    throw invalidArgument(`Provided ${name} not an integer or within integer range`, name);
  return value;
}
