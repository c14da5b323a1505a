/** The shape that every operation of the emulated API shares: a call in, an answer out, the edge in between. */
import type { Edge } from "./edge.ts";
import type { Answer } from "./envelope.ts";

/** A call whose token was verified. */
export interface Call {
  /** Path parameters, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The request header of that (lower-case) name. */
  header(name: string): string | undefined;
  readonly body: Uint8Array;
  /** `http://127.0.0.1:PORT` of the control port, as the client named it. */
  readonly origin: string;
}

/** Throws CloudflareError to refuse. */
export type Operation = (call: Call, edge: Edge) => Answer | Promise<Answer>;

/** One row of the table. */
export interface OperationRow {
  /** `PUT /accounts/{account}/workers/scripts/{script}`. */
  readonly binding: string;
  /** True when it may change something that stays. */
  readonly write: boolean;
  readonly run: Operation;
  /** True for the calls whose token is not the cloud's but one of their own. */
  readonly ownToken?: boolean;
}

/** By operation name. */
export type OperationTable = Readonly<Record<string, OperationRow>>;

export const reads = (binding: string, run: Operation): OperationRow => ({ binding, write: false, run });
export const writes = (binding: string, run: Operation): OperationRow => ({ binding, write: true, run });
