/** The types of S3 operations: a call, its response, and the binding of an operation to method, path and query. */
import type { ObjectStore } from "./object-store.ts";

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

/** A rule of PutBucketCors; each list has `*` at most where S3 allows it. */
export interface CorsRule {
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly exposed: readonly string[];
  /** Seconds. */
  readonly maxAge?: number;
}

/** What the operations on objects work with. */
export interface ObjectPlane {
  objects(): ObjectStore;
  findBucket(name: string): { readonly cors?: readonly CorsRule[] } | undefined;
  /** Epoch ms. */
  now(): number;
  /** Resolves when a write that was accepted takes effect. */
  writeDelay(): Promise<void>;
}

/** An operation. Throws AwsError to refuse the call. */
export type S3Operation<Uses = ObjectPlane> = (call: S3Call, uses: Uses) => S3Response | Promise<S3Response>;

/** How an operation is called, and the parameters that it honours. */
export interface S3Binding {
  /** Method, path and sub-resource, as the SDK's schema has them: `PUT /{Bucket}?publicAccessBlock`. */
  readonly binding: string;
  /** Other query parameters that it reads. */
  readonly query?: readonly string[];
  /** `x-amz-` headers and preconditions that it reads, besides those of every call. */
  readonly headers?: readonly string[];
}
