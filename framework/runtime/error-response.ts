/** The answer to what was thrown: any value in, a Response out that can be sent, and the error told to whom it concerns. */
import type { Call } from "./handler.ts";
import { problem } from "./problem.ts";

/** True only in the development build (esbuild `define`); absent when the runtime runs unbundled. */
declare const PORTICO_DEV: boolean;
declare global {
  /** Set by the development emulation: receives what an answer must not show. */
  var porticoReport: ((error: unknown, requestId: string) => void) | undefined;
}

/** Truthy for what can be sent: no front takes Response.error(), a body that was read, or what is no Response. */
export const isWhole = (given: Response | undefined): unknown => given?.clone && given.status && !given.bodyUsed;

/** The answer to a thrown value: its own (`getResponse`, as HttpError and Hono's HTTPException have), or a bare 500. Throws only what cannot even be logged. */
export const errorResponse = (error: unknown, { requestId }: Call): Response => {
  let told = error;
  try {
    const own = (error as { getResponse?: () => Response } | undefined)?.getResponse?.();
    if (isWhole(own)) return own!;
  } catch (cause) {
    told = cause;
  }
  if (typeof PORTICO_DEV !== "undefined" && PORTICO_DEV) globalThis.porticoReport?.(told, requestId);
  else console.error(requestId, told);
  return problem(500, "Internal Server Error", requestId);
};
