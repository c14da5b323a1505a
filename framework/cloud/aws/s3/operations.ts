/** The operations of S3: on buckets here, on objects in the emulation; path-style addresses only. */
import { objectOperations } from "../../../emulation/s3/data-plane.ts";
import type { S3Binding } from "../../../emulation/s3/operation.ts";
import type { BucketOperation, S3UseName } from "./bucket-operation.ts";
import { getBucketTagging, putBucketCors, putBucketTagging, putPublicAccessBlock } from "./bucket-settings.ts";
import { createBucket, deleteBucket } from "./buckets.ts";
import { deleteObjects } from "./object-deletion.ts";

/** The operations that functions may not call, with methods, paths and sub-resources from the SDK's schema. */
export const bucketOperations: Readonly<Record<string, S3Binding & { readonly run: BucketOperation<S3UseName> }>> = {
  CreateBucket: { binding: "PUT /{Bucket}", headers: ["x-amz-acl", "x-amz-object-ownership"], run: createBucket },
  DeleteBucket: { binding: "DELETE /{Bucket}", run: deleteBucket },
  PutPublicAccessBlock: { binding: "PUT /{Bucket}?publicAccessBlock", run: putPublicAccessBlock },
  PutBucketTagging: { binding: "PUT /{Bucket}?tagging", run: putBucketTagging },
  GetBucketTagging: { binding: "GET /{Bucket}?tagging", run: getBucketTagging },
  PutBucketCors: { binding: "PUT /{Bucket}?cors", run: putBucketCors },
  DeleteObjects: { binding: "POST /{Bucket}?delete", run: deleteObjects },
};

/** All of them. */
export const s3Operations: Readonly<Record<string, S3Binding>> = { ...bucketOperations, ...objectOperations };
