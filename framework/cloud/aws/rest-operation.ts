/** The types of REST operations (Lambda, API Gateway): a call, its response, and the table that binds both to paths. */
import type { UseName, Uses } from "./backends.ts";

/** A call whose signature was verified. */
export interface RestCall {
  /** Path parameters, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The request header of that (lower-case) name. */
  header(name: string): string | undefined;
  readonly body: Uint8Array;
  /** The members of a JSON body; empty without one. */
  readonly members: Readonly<Record<string, unknown>>;
}

/** The response of a REST operation. */
export interface RestResponse {
  readonly status: number;
  readonly headers?: readonly (readonly [string, string])[];
  /** A record is written as JSON without its undefined members; bytes and streams are sent unchanged. */
  readonly body?: Readonly<Record<string, unknown>> | Uint8Array | ReadableStream<Uint8Array>;
}

/** An operation and the collections and backends that it uses. Throws AwsError to refuse the call. */
export type RestOperation<K extends UseName = never> = (
  call: RestCall,
  uses: Uses<K>,
) => RestResponse | Promise<RestResponse>;

/**
 * A service's operations by their names in the API. The binding is the method and path template of the SDK's schema
 * with the query parameters that are honoured: `GET /v2/apis/{ApiId}/routes?maxResults&nextToken`.
 */
export type RestOperations<K extends UseName> = Readonly<
  Record<string, readonly [binding: string, operation: RestOperation<K>]>
>;
