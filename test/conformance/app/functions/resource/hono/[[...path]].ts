import { Hono } from "hono";
import { idempotent, rateLimit } from "portico/store";
import { resource } from "portico/resource";
import * as v from "valibot";

const app = new Hono<{ Variables: { user: string } }>().basePath("/resource/hono");
app.use(async (c, next) => {
  c.set("user", "ada");
  await next();
});
app.use("/limited/*", rateLimit({ name: "resource", limit: 1, window: 100 }));

const body = v.object({ n: v.number("is not a number") });
const add = resource({ body }, ({ body: { n }, params, context }) => ({
  n,
  id: params["id"],
  user: context.var["user"],
  hasRequestId: context.requestId.length > 0,
}));
app.post("/:id", add);
app.post("/limited/:id", add);
app.post("/once/:id", idempotent(add));

export default app;
