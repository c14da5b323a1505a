/**
 * The messages between the command line and the thread that runs an app: tuples where they are frequent, else records.
 */
import type { Failure, LogLine } from "../../model/invocation.ts";

/** A function that the thread may run. */
export interface ThreadFunction {
  readonly id: string;
  /** The URL of its module, a new one for each build. */
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A request for a registered function. A tuple, since the thread receives records three times as slowly. */
export type RequestMessage = readonly [
  call: number,
  fn: string,
  requestId: string,
  method: string,
  target: string,
  /** Names and values alternate. */
  headers: readonly string[],
  body: Uint8Array<ArrayBuffer> | undefined,
  clientAddress: string,
  scheme: "http" | "https",
  port: number,
];

/** To the thread. Call numbers increase. */
export type ToThread =
  | RequestMessage
  | { readonly kind: "function"; readonly fn: ThreadFunction }
  /** The client disconnected before the end of the response. */
  | { readonly kind: "disconnect"; readonly call: number }
  /** Requests the next part of a stream, or cancels it. */
  | { readonly kind: "pull" | "cancel"; readonly call: number }
  /** The thread replies with `pong` as soon as no code runs. */
  | { readonly kind: "ping" }
  /** The last message: the thread replies with `idle` once its calls have ended. */
  | { readonly kind: "drain" };

/** A response; header names and values alternate. A null body is a stream, whose parts follow when they are pulled. */
export type ResponseMessage = readonly [
  call: number,
  status: number,
  headers: readonly string[],
  body: string | Uint8Array | null,
  failure: Failure | undefined,
];

/** A part of a stream. Without bytes the stream ends; with a failure it breaks off. */
export interface PartMessage {
  readonly kind: "part";
  readonly call: number;
  readonly bytes?: Uint8Array;
  readonly failure?: Failure;
}

/** From the thread. */
export type FromThread =
  | { readonly kind: "ready" | "pong" | "idle" }
  | ResponseMessage
  | PartMessage
  | { readonly kind: "log"; readonly line: LogLine }
  /** An uncaught exception: the state of the thread is undefined. */
  | { readonly kind: "fault" }
  /** `process.exit` was called, by this call where it is known. */
  | { readonly kind: "exit"; readonly code: number; readonly call?: number; readonly stack: string };

/** The worker data of the thread. */
export interface ThreadData {
  /** Shared memory, which can be read and waited for while code runs: see `counters`. */
  readonly counters: Int32Array;
  /** The packages that the app may import from node_modules. */
  readonly packages: readonly string[];
  /** Absolute path of the folder of the app's data. */
  readonly data: string | undefined;
  /** An environment variable of Portico that the app must not see. */
  readonly hiddenVariable?: string;
}

/**
 * Indexes in the shared memory: the call that began last, the call whose function runs synchronously, the number of
 * functions that are being loaded, and of printed log lines.
 */
export const counters = { begun: 0, running: 1, loading: 2, printed: 3 } as const;

/** A copy of a view's bytes, unless the view is its complete buffer: sending a view would copy that buffer. */
export const ownBytes = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
    ? (bytes as Uint8Array<ArrayBuffer>)
    : new Uint8Array(bytes);
