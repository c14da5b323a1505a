/** An extension with a setting: what search engines may do with the pages around which it is. */
import { createMiddleware } from "hono/factory";
import { settings } from "portico/extension";

export const robots = ({ rules } = settings()) =>
  createMiddleware(async (c, next) => {
    await next();
    c.header("X-Robots-Tag", rules.join(", "));
  });
