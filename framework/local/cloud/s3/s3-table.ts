/** S3's operations by method, path and sub-resource, as the SDK's schema binds them; path-style addresses only. */
import {
  deleteBucketTagging,
  deletePublicAccessBlock,
  getBucketOwnershipControls,
  getBucketTagging,
  getPublicAccessBlock,
  putBucketOwnershipControls,
  putBucketTagging,
  putPublicAccessBlock,
} from "./bucket-settings.ts";
import { createBucket, deleteBucket, getBucketLocation, headBucket, listBuckets } from "./buckets.ts";
import { listObjectsV2 } from "./list-objects.ts";
import { deleteObject, getObject, headObject, putObject } from "./objects.ts";
import type { S3Binding } from "./s3-operation.ts";

const preconditions = ["if-match", "if-none-match"];

export const s3Table: Readonly<Record<string, S3Binding>> = {
  ListBuckets: { binding: "GET /", run: listBuckets },
  CreateBucket: { binding: "PUT /{Bucket}", headers: ["x-amz-acl", "x-amz-object-ownership"], run: createBucket },
  HeadBucket: { binding: "HEAD /{Bucket}", run: headBucket },
  DeleteBucket: { binding: "DELETE /{Bucket}", run: deleteBucket },
  GetBucketLocation: { binding: "GET /{Bucket}?location", run: getBucketLocation },
  PutPublicAccessBlock: { binding: "PUT /{Bucket}?publicAccessBlock", run: putPublicAccessBlock },
  GetPublicAccessBlock: { binding: "GET /{Bucket}?publicAccessBlock", run: getPublicAccessBlock },
  DeletePublicAccessBlock: { binding: "DELETE /{Bucket}?publicAccessBlock", run: deletePublicAccessBlock },
  PutBucketTagging: { binding: "PUT /{Bucket}?tagging", run: putBucketTagging },
  GetBucketTagging: { binding: "GET /{Bucket}?tagging", run: getBucketTagging },
  DeleteBucketTagging: { binding: "DELETE /{Bucket}?tagging", run: deleteBucketTagging },
  PutBucketOwnershipControls: { binding: "PUT /{Bucket}?ownershipControls", run: putBucketOwnershipControls },
  GetBucketOwnershipControls: { binding: "GET /{Bucket}?ownershipControls", run: getBucketOwnershipControls },
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
