/** What running one Lambda event gives, and the runtime that gives it: the contract between the environments and who invokes them. */
import type { Failure, LoadedFunction } from "../../model/invocation.ts";

/** A streamed answer is about to come. */
export interface StreamStart {
  /** Its Content-Type at the Runtime API. */
  readonly type: string;
  readonly cold: boolean;
  /** What the function has reported so far. */
  readonly failure?: Failure;
}

/** Takes a streamed answer as it comes; that it is over, and how, is said by the invocation's outcome. */
export interface ResponseSink {
  begin(start: StreamStart): void;
  /** Resolves when more may come; never rejects. */
  write(chunk: Uint8Array): Promise<void>;
}

/** Facts about one call that the function's context object shows. */
export interface LambdaCall {
  readonly requestId: string;
  /** As it was called: `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`. */
  readonly arn: string;
  /** The version that runs, where the qualifier is an alias. Default the qualifier, or `$LATEST`. */
  readonly version?: string;
  /** True keeps the end of the event's log (LogType Tail). */
  readonly tail?: boolean;
  /** Where a streamed answer goes; without it, it is collected like any other. */
  readonly sink?: ResponseSink;
}

/** As Lambda's Invoke answers: a function error is an outcome, not a rejection. */
export interface LambdaOutcome {
  /** The result, or `{"errorType","errorMessage",…}`: JSON as the runtime posted it. Empty where the call's sink took the answer. */
  readonly payload: Uint8Array;
  readonly functionError?: "Unhandled" | "Handled";
  readonly cold: boolean;
  /** Milliseconds of init, on a cold start. */
  readonly initMs?: number;
  readonly durationMs: number;
  /** What the function reported out of band or died of; never part of an answer. */
  readonly failure?: Failure;
  /** Why the front must not answer 500 but 503. */
  readonly timedOut?: boolean;
  /** Set when nothing ran, since too many events are under way: 429 from Invoke, 503 from an HTTP API. */
  readonly throttled?: boolean;
  /** The last 4 KB of the event's log, if the call asked for it. */
  readonly logTail?: Uint8Array;
}

/** Runs events in environments: child processes behind a Runtime API, one event at a time each, frozen in between. */
export interface LambdaRuntime {
  /** Environments are keyed by `fn.id` and `fn.hash`; more are started when all are busy. */
  invoke(fn: LoadedFunction, event: Uint8Array, call: LambdaCall): Promise<LambdaOutcome>;
  /** Ends environments of the function that run another hash than `keep` (all, without it) once they are idle. */
  retire(id: string, keep?: string): void;
  close(): Promise<void>;
}
