/**
 * The contract of the Lambda runtime: an event and its invocation request, and the result as Lambda's Invoke gives it.
 */
import type { Failure, LoadedFunction } from "../../model/invocation.ts";

/** The start of a streamed response. */
export interface StreamStart {
  /** Its Content-Type at the Runtime API. */
  readonly type: string;
  readonly cold: boolean;
  /** The failure reported so far. */
  readonly failure?: Failure;
}

/** Receives a streamed response part by part; the invocation's result says how it ended. */
export interface ResponseSink {
  begin(start: StreamStart): void;
  /** Resolves when the next part may come; never rejects. */
  write(chunk: Uint8Array): Promise<void>;
}

/** What an invocation is called with besides its event. */
export interface InvocationRequest {
  readonly requestId: string;
  /** As the caller named it: `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`. */
  readonly arn: string;
  /** The version to run, where the qualifier is an alias. Default the qualifier, or `$LATEST`. */
  readonly version?: string;
  /** True returns the end of the event's log (LogType Tail). */
  readonly tail?: boolean;
  /** Receives a streamed response; without it the response is buffered. */
  readonly sink?: ResponseSink;
}

/** The result as Lambda's Invoke gives it: a function error is a result, not a rejection. */
export interface InvocationResult {
  /**
   * The function's result or `{"errorType","errorMessage",…}`, as the runtime client posted it; empty when streamed.
   */
  readonly payload: Uint8Array;
  readonly functionError?: "Unhandled" | "Handled";
  readonly cold: boolean;
  /** Milliseconds of init, on a cold start. */
  readonly initMs?: number;
  readonly durationMs: number;
  /** For the developer alone: the failure that the function reported or ended with. */
  readonly failure?: Failure;
  /** True where an HTTP API responds with 503 instead of 500. */
  readonly timedOut?: boolean;
  /** True when the concurrency limit refused the event: 429 from Invoke, 503 from an HTTP API. */
  readonly throttled?: boolean;
  /** The last 4 KB of the event's log, where `tail` is set. */
  readonly logTail?: Uint8Array;
}

/** Runs events in execution environments: processes behind a Runtime API, one event at a time, frozen in between. */
export interface LambdaRuntime {
  /** Environments belong to one `fn.id` and `fn.hash`; more are started when all are busy. */
  invoke(fn: LoadedFunction, event: Uint8Array, call: InvocationRequest): Promise<InvocationResult>;
  /** Ends the function's environments once they are idle; those of the hash `keep` stay. */
  retire(id: string, keep?: string): void;
  close(): Promise<void>;
}
