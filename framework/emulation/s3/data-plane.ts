/** The operations on objects, with the permissions of functions: each is one action on an object or its bucket. */
import { AwsError } from "../aws/aws-error.ts";
import { authorize, type Caller } from "../aws/policy.ts";
import { s3Error } from "./errors.ts";
import { listObjectsV2 } from "./object-listing.ts";
import { deleteObject, getObject, headObject, putObject } from "./objects.ts";
import type { ObjectPlane, S3Binding, S3Call, S3Operation, S3Response } from "./operation.ts";

/** An operation on an object, or on the objects of a bucket. */
interface ObjectOperation extends S3Binding {
  /** Of IAM. */
  readonly action: string;
  readonly run: S3Operation;
}

const preconditions = ["if-match", "if-none-match"];

/** By the names of the API; methods, paths and sub-resources are those of the SDK's schema, as paths alone. */
export const objectOperations: Readonly<Record<string, ObjectOperation>> = {
  ListObjectsV2: {
    binding: "GET /{Bucket}?list-type=2",
    query: ["prefix", "delimiter", "max-keys", "continuation-token", "start-after", "encoding-type"],
    action: "s3:ListBucket",
    run: listObjectsV2,
  },
  PutObject: {
    binding: "PUT /{Bucket}/{Key+}",
    headers: [...preconditions, "x-amz-meta-*", "x-amz-storage-class", "x-amz-server-side-encryption"],
    action: "s3:PutObject",
    run: putObject,
  },
  GetObject: {
    binding: "GET /{Bucket}/{Key+}",
    headers: [...preconditions, "range"],
    action: "s3:GetObject",
    run: getObject,
  },
  HeadObject: { binding: "HEAD /{Bucket}/{Key+}", headers: preconditions, action: "s3:GetObject", run: headObject },
  DeleteObject: {
    binding: "DELETE /{Bucket}/{Key+}",
    headers: ["if-match"],
    action: "s3:DeleteObject",
    run: deleteObject,
  },
};

/** @param caller undefined for the account itself, which may do everything */
export async function runObjectCall(
  operation: string,
  call: S3Call,
  caller: Caller | undefined,
  plane: ObjectPlane,
): Promise<S3Response> {
  const { action, run } = objectOperations[operation]!;
  if (!caller) return run(call, plane);
  authorizeS3(caller, action, call);
  // Whoever may not list does not learn what is missing (API reference, GetObject, "Permissions").
  const isMissing = action === "s3:GetObject" && !plane.objects().find(call.bucket, call.key);
  if (isMissing && plane.findBucket(call.bucket)) authorizeS3(caller, "s3:ListBucket", { ...call, key: "" });
  return run(call, plane);
}

/** Throws AccessDenied (403) unless the caller's policies allow the action on the object, or on the bucket itself. */
export function authorizeS3(caller: Caller, action: string, { bucket, key }: Pick<S3Call, "bucket" | "key">): void {
  try {
    authorize(caller, action, `arn:aws:s3:::${bucket}${key === "" ? "" : `/${key}`}`);
  } catch (error) {
    throw error instanceof AwsError ? s3Error("AccessDenied", 403, error.message) : error;
  }
}
