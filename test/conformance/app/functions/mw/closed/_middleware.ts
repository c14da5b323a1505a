/** Lets nobody in: answers itself, and the route is never called. */
import type { MiddlewareHandler } from "hono";

const closed: MiddlewareHandler = async (c) => c.text("closed", 401, { "www-authenticate": "Bearer" });

export default closed;
