import { Hono } from "hono";
import { logOrder } from "../../_lib/log-order.ts";

const app = new Hono().basePath("/log/hono");
app.get("/:id", (c) => logOrder(c.executionCtx));

export default app;
