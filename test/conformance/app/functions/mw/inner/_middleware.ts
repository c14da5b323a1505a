/** Two inner ones, in a list. */
import type { MiddlewareHandler } from "hono";

const named =
  (name: string): MiddlewareHandler =>
  async (c, next) => {
    c.set("order", [...(c.get("order") as string[]), name]);
    await next();
    c.header("x-after", name, { append: true });
  };

export default [named("inner-1"), named("inner-2")];
