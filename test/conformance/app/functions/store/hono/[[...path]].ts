import { Hono } from "hono";
import { idempotent, rateLimit, store } from "portico/store";

const name = (c: { req: { query(name: string): string | undefined } }): string => c.req.query("run") ?? "";

const app = new Hono().basePath("/store/hono");
app.get("/", async (c) => c.json(await store<number>(c.executionCtx, "hono").add(name(c))));
app.get(
  "/limited",
  rateLimit({ limit: 2, window: 100, key: (request) => new URL(request.url).searchParams.get("run") ?? "" }),
  (c) => c.text("in"),
);
app.post("/once", idempotent(), async (c) => {
  const run = await store<number>(c.executionCtx, "runs").add(name(c));
  return c.json({ run, body: await c.req.text() }, 201);
});

export default app;
