/** The types of S3 operations: a call, its response, and the binding of an operation to method, path and query. */
import type { UseName, Uses } from "../backends.ts";

/** A call whose signature was verified and whose body matches its checksums. */
export interface S3Call {
  /** Decoded; "" where the operation has none. */
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  /** The request header of that (lower-case) name. */
  header(name: string): string | undefined;
  /** The values of `x-amz-meta-NAME` headers by NAME. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Without chunk framing. */
  readonly body: Uint8Array;
  /** The client's checksums by header (`x-amz-checksum-crc32`), verified. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** The response of an operation; text is XML. */
export interface S3Response {
  readonly status: number;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array;
}

/** An operation and the collections and backends that it uses. Throws AwsError to refuse the call. */
export type S3Operation<K extends UseName = never> = (call: S3Call, uses: Uses<K>) => S3Response | Promise<S3Response>;

/** The collections and backends of S3. */
export type S3UseName = "buckets" | "objects" | "blobs" | "clock" | "latency";

/** An operation, its binding in the SDK's schema, and the parameters that it honours. */
export interface S3Binding {
  /** Method, path and sub-resource: `PUT /{Bucket}?publicAccessBlock`. */
  readonly binding: string;
  /** Other query parameters that it reads. */
  readonly query?: readonly string[];
  /** `x-amz-` headers and preconditions that it reads, besides those of every call. */
  readonly headers?: readonly string[];
  readonly run: S3Operation<S3UseName>;
}
