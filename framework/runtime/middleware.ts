/** Runs Hono middleware around a route: a handler in, a handler out. Only routes below a `_middleware` file carry this file and Hono. */
import type { MiddlewareHandler } from "hono";
import { Hono } from "hono/tiny";
import type { Context, Handler } from "./handler.ts";
import { errorResponse } from "./error-response.ts";

/** The default export of a `_middleware` file. */
export type Middleware = MiddlewareHandler | readonly MiddlewareHandler[];

/** Wraps a handler, outermost folder first. An error becomes its answer inside, so that middleware sees `c.error` and can add headers. */
export function withMiddleware(handler: Handler, ...files: readonly Middleware[]): Handler {
  const app = new Hono<{ Bindings: object }>();
  for (const middleware of files.flat()) app.use(middleware);
  app.all("*", (c) => handler(c.req.raw, { ...(c.executionCtx as unknown as Context), var: c.var }));
  app.onError((error, c) => errorResponse(error, c.executionCtx as unknown as Context));
  return (request, context) => app.fetch(request, context.env, context as never);
}
