/** Runs Hono middleware around a route's handler; only routes below a `_middleware` file include it, and Hono. */
import type { MiddlewareHandler } from "hono";
import { Hono } from "hono/tiny";
import type { Context, Handler } from "./handler.ts";
import { errorResponse } from "./error-response.ts";
import { middlewareMessage } from "./development-errors.ts";

/** True only in the development build (esbuild `define`); absent when the runtime runs unbundled. */
declare const PORTICO_DEV: boolean;

/** The default export of a `_middleware` file. */
export type Middleware = MiddlewareHandler | readonly MiddlewareHandler[];

/**
 * Wraps a handler in the middleware of its folders, outermost first. The innermost app turns an error into its
 * response, so that middleware sees `c.error` and can add headers. Throws TypeError for a value that is no function:
 * Hono would take a string for a path, and the route would run without its guard.
 */
export function withMiddleware(handler: Handler, ...files: readonly Middleware[]): Handler {
  const app = new Hono<{ Bindings: object }>();
  for (const middleware of files.flat()) {
    if (typeof middleware !== "function")
      throw new TypeError(
        typeof PORTICO_DEV !== "undefined" && PORTICO_DEV ? middlewareMessage(middleware) : "no middleware",
      );
    app.use(middleware);
  }
  app.all("*", (c) => handler(c.req.raw, { ...(c.executionCtx as unknown as Context), var: c.var }));
  app.onError((error, c) => errorResponse(error, c.executionCtx as unknown as Context));
  return (request, context) => app.fetch(request, context.env, context as never);
}
