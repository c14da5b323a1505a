/** The outer middleware: notes its place in the order, before and after. */
import type { MiddlewareHandler } from "hono";

const outer: MiddlewareHandler = async (c, next) => {
  c.set("order", ["outer"]);
  await next();
  c.header("x-after", "outer", { append: true });
  c.header("x-error", c.error?.message ?? "none");
};

export default outer;
