/**
 * HTTP messages of the local servers: raw headers, raw targets and bytes, nothing parsed, joined or normalised; a JSON
 * response, and the values of a header.
 */

/** Names in their original case; repeated names stay repeated. */
export type HttpHeaders = readonly (readonly [name: string, value: string])[];

/** A request, read to its end. */
export interface HttpRequest {
  readonly method: string;
  /** The raw request target in origin form: path and query as the client sent them. */
  readonly target: string;
  readonly headers: HttpHeaders;
  readonly body: Uint8Array;
  readonly clientAddress: string;
  /** `http` or `https`, and the port that received it. */
  readonly scheme: "http" | "https";
  readonly port: number;
}

/** A response; a stream is sent part by part. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: Uint8Array | ReadableStream<Uint8Array>;
}

const encoder = new TextEncoder();

/** A JSON response that clients do not sniff or cache. */
export function jsonResponse(status: number, body: unknown): HttpResponse {
  const headers = [
    ["content-type", "application/json"],
    ["x-content-type-options", "nosniff"],
    ["cache-control", "no-store"],
  ] as const;
  return { status, headers, body: encoder.encode(JSON.stringify(body)) };
}

/** Every value that a header has, in order. */
export function headerValues(headers: HttpHeaders, name: string): readonly string[] {
  return headers.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value);
}
