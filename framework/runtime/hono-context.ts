/** The parts of a Hono context that Portico's own middleware uses; Hono is a package of the app. */
import type { Call, Context } from "./handler.ts";

/** A Hono context, whose execution context is Portico's. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  readonly executionCtx: Pick<Call, "waitUntil">;
  res: Response;
}

/** Middleware for `_middleware` files and Hono apps. */
export type PorticoMiddleware = (c: HonoContext, next: () => Promise<void>) => Promise<Response | void>;

/** A handler's arguments, as middleware has them. */
export const callOf = (c: HonoContext): readonly [Request, Context] => [
  c.req.raw,
  c.executionCtx as unknown as Context,
];
