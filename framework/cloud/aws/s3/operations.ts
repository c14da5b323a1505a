/** The operations of S3 with methods, paths and sub-resources from the SDK's schema; path-style addresses only. */
import { putBucketTagging, putPublicAccessBlock } from "./bucket-settings.ts";
import { createBucket } from "./buckets.ts";
import { listObjectsV2 } from "./object-listing.ts";
import { deleteObject, getObject, headObject, putObject } from "./objects.ts";
import type { S3Binding } from "./operation.ts";

const preconditions = ["if-match", "if-none-match"];

export const s3Operations: Readonly<Record<string, S3Binding>> = {
  CreateBucket: { binding: "PUT /{Bucket}", headers: ["x-amz-acl", "x-amz-object-ownership"], run: createBucket },
  PutPublicAccessBlock: { binding: "PUT /{Bucket}?publicAccessBlock", run: putPublicAccessBlock },
  PutBucketTagging: { binding: "PUT /{Bucket}?tagging", run: putBucketTagging },
  ListObjectsV2: {
    binding: "GET /{Bucket}?list-type=2",
    query: ["prefix", "delimiter", "max-keys", "continuation-token", "start-after", "encoding-type"],
    run: listObjectsV2,
  },
  PutObject: {
    binding: "PUT /{Bucket}/{Key+}",
    headers: [...preconditions, "x-amz-meta-*", "x-amz-storage-class", "x-amz-server-side-encryption"],
    run: putObject,
  },
  GetObject: { binding: "GET /{Bucket}/{Key+}", headers: preconditions, run: getObject },
  HeadObject: { binding: "HEAD /{Bucket}/{Key+}", headers: preconditions, run: headObject },
  DeleteObject: { binding: "DELETE /{Bucket}/{Key+}", headers: ["if-match"], run: deleteObject },
};
