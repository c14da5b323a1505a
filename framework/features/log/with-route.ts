/** Adds what the log needs to know of a request to the context of a route; the build wraps those that log. */
import type { Handler } from "../../runtime/handler.ts";
import { routed } from "./trace.ts";

/** @param route as `portico routes` lists it */
export const withRoute =
  (route: string, handler: Handler): Handler =>
  (request, context) =>
    handler(request, { ...context, [routed]: [request, route] } as typeof context);
