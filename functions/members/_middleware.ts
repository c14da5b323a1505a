/** Hono middleware around every route of this folder: security headers, and who is asking. */
import { createMiddleware } from "hono/factory";
import { secureHeaders } from "hono/secure-headers";

/** What is set here, a route reads as `context.var`. */
const member = createMiddleware<{ Variables: { member: string } }>(async (c, next) => {
  c.set("member", c.req.query("as") ?? "guest");
  await next();
});

export default [secureHeaders(), member];
