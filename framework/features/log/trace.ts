/** The trace that a request belongs to: its own `traceparent`, or on Lambda the one of X-Ray. */
import type { Call } from "../../runtime/handler.ts";

/** The handler's or the job's context; in a Hono app, and in middleware, `c.executionCtx`. */
export type LogContext = Pick<Call, "waitUntil">;

/** Where the build keeps a request and its route (with-route.ts): a symbol, so that the context looks the same. */
export const routed = Symbol();

/** A call of a route that logs. */
export interface TracedCall extends Partial<Omit<Call, "platform">> {
  /** The route is as `portico routes` lists it: `/users/:id`. */
  readonly [routed]?: readonly [request: Request, route: string];
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
    const headers = (context as TracedCall)[routed]?.[0].headers;
    const [parent] = placeOf(context);
    const state = parent === headers?.get("traceparent") && headers?.get("tracestate");
    return { ...(parent && { traceparent: parent }), ...(state && { tracestate: state }) };
  };
