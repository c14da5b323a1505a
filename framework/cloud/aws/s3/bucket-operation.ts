/** The type of an operation on a bucket itself, which only the account may call. */
import type { S3Operation } from "../../../emulation/s3/operation.ts";
import type { UseName, Uses } from "../backends.ts";

/** The collections and backends of S3. */
export type S3UseName = "buckets" | "objects" | "clock" | "latency";

/** An operation and the collections and backends that it uses. Throws AwsError to refuse the call. */
export type BucketOperation<K extends UseName = never> = S3Operation<Uses<K>>;
