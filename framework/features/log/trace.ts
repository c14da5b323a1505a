/** The trace that a request belongs to: its own `traceparent`, or on Lambda the one of X-Ray. */
import type { Call } from "../../runtime/handler.ts";

/** The handler's or the job's context; in a Hono app, and in middleware, `c.executionCtx`. */
export type LogContext = Pick<Call, "waitUntil">;

/** A call of a route that logs: the build adds its path and its request's headers (with-route.ts). */
export interface TracedCall extends Partial<Omit<Call, "platform">> {
  /** As `portico routes` lists it: `/users/:id`. */
  readonly route?: string;
  readonly headers?: Headers;
  /** Of any platform: what each adds is absent on others. */
  readonly platform?: {
    readonly event?: unknown;
    readonly env?: unknown;
    readonly context?: unknown;
  };
}

/** The `traceparent` of a call, and the number of the release that serves it; each undefined where none is known. */
export type PlaceOf = (
  call: TracedCall,
) => readonly [traceparent: string | undefined, release: string | number | undefined];

/**
 * W3C Trace Context, section 3.2: version 00, the only one, trace id, parent id and flags in lower-case hex; an id of
 * zeros is invalid.
 */
export const traceparent = /^00-(?!0+-)[\da-f]{32}-(?!0+-)[\da-f]{16}-[\da-f]{2}$/;

/** The headers that make a request part of the trace: none without one, `tracestate` only with its `traceparent`. */
export const createTraceHeaders =
  (placeOf: PlaceOf) =>
  (context: LogContext): Readonly<Record<string, string>> => {
    const { headers } = context as TracedCall;
    const [parent] = placeOf(context);
    const state = parent === headers?.get("traceparent") && headers?.get("tracestate");
    return { ...(parent && { traceparent: parent }), ...(state && { tracestate: state }) };
  };
