/** The shape of S3's operations: a bucket, a key, headers and a body in, a wire answer out. */
import type { Region } from "../region.ts";

/** A call whose signature was verified and whose body matches its checksums. */
export interface S3Call {
  /** Decoded; "" where the operation has none. */
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  /** The request header of that (lower-case) name. */
  header(name: string): string | undefined;
  /** `x-amz-meta-…` headers, without that. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Without chunk framing. */
  readonly body: Uint8Array;
  /** Checksums that the client sent, by header: `x-amz-checksum-crc32`. They are right. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** What an operation answers; text is XML. */
export interface S3Answer {
  readonly status: number;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array;
}

/** Throws AwsError to refuse. */
export type S3Operation = (call: S3Call, region: Region) => S3Answer | Promise<S3Answer>;

/** An operation, how the schema binds it, and what it honours. */
export interface S3Binding {
  /** Method, path and sub-resource: `PUT /{Bucket}?publicAccessBlock`. */
  readonly binding: string;
  /** Other query parameters that it reads. */
  readonly query?: readonly string[];
  /** `x-amz-` headers and preconditions that it reads, besides those of every call. */
  readonly headers?: readonly string[];
  readonly run: S3Operation;
}
