/** The JSON responses of errors, and the report of what a handler threw. */
import type { Call } from "./handler.ts";

/** True only in the development build (esbuild `define`); absent when the runtime runs unbundled. */
declare const PORTICO_DEV: boolean;
declare global {
  /** Set by the development emulation: receives what a response must not show. */
  var porticoReport: ((error: unknown, requestId: string) => void) | undefined;
}

/** `{"error": message}`, with the request's id where a log line explains more. */
export const jsonError = (status: number, error: string, requestId?: string): Response =>
  Response.json({ error, requestId }, { status });

/** Truthy for a Response that can be sent, which Response.error() and one whose body was read cannot. */
export const isSendable = (given: Response | undefined): unknown => given?.clone && given.status && !given.bodyUsed;

/** Reports what a response must not show: to the development emulation, or in the log. */
export const reportError = (error: unknown, requestId: string): void => {
  if (typeof PORTICO_DEV !== "undefined" && PORTICO_DEV) globalThis.porticoReport?.(error, requestId);
  else console.error(requestId, error);
};

/**
 * The response to a thrown value: its own (`getResponse`, as HttpError and Hono's HTTPException have), or a bare 500.
 * Throws only if the value cannot be logged.
 */
export const errorResponse = (error: unknown, { requestId }: Pick<Call, "requestId">): Response => {
  let reported = error;
  try {
    const own = (error as { getResponse?: () => Response } | undefined)?.getResponse?.();
    if (isSendable(own)) return own!;
  } catch (cause) {
    reported = cause;
  }
  reportError(reported, requestId);
  return jsonError(500, "Internal Server Error", requestId);
};
