/** HTTP messages as they are on the wire: nothing parsed, joined or normalised. What the local gateway and clouds pass around. */

/** Names in the case they had, repeated as they were. */
export type WireHeaders = readonly (readonly [name: string, value: string])[];

/** A request, read whole. */
export interface WireRequest {
  readonly method: string;
  /** The raw request target in origin form: path and query as the client sent them. */
  readonly target: string;
  readonly headers: WireHeaders;
  readonly body: Uint8Array;
  readonly clientAddress: string;
  /** `http` or `https`, and the port that took it. */
  readonly scheme: "http" | "https";
  readonly port: number;
}

/** A response; a stream is sent as it comes. */
export interface WireResponse {
  readonly status: number;
  readonly headers: WireHeaders;
  readonly body: Uint8Array | ReadableStream<Uint8Array>;
}
