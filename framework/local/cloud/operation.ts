/** The shape that every emulated operation shares: a call in, an answer out, the region in between. */
import type { WireResponse } from "../../model/wire.ts";
import type { Region } from "./region.ts";

/** A call whose signature was verified. */
export interface Call {
  /** Path parameters, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The request header of that (lower-case) name. */
  header(name: string): string | undefined;
  readonly body: Uint8Array;
  /** The members of a JSON body; empty without one. */
  readonly members: Readonly<Record<string, unknown>>;
}

/** What a REST operation answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: readonly (readonly [string, string])[];
  /** Written as JSON, members that are undefined left out; or bytes as they are, or as they come; or nothing. */
  readonly body?: Readonly<Record<string, unknown>> | Uint8Array | ReadableStream<Uint8Array>;
}

/** Throws AwsError to refuse. */
export type Operation = (call: Call, region: Region) => Answer | Promise<Answer>;

/**
 * By the API's name of the operation: method and path template of the SDK's schema and the query parameters that are honoured,
 * `GET /v2/apis/{ApiId}/routes?maxResults&nextToken`; and what answers it.
 */
export type RouteTable = Readonly<Record<string, readonly [binding: string, operation: Operation]>>;

/** A call that is understood: its name, and how it takes effect. `run` throws AwsError to refuse. */
export interface PreparedCall {
  readonly operation: string;
  run(region: Region): Promise<WireResponse>;
}
