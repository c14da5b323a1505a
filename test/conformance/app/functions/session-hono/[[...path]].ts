import { Hono } from "hono";
import type { Context } from "portico";
import { csrf, session } from "portico/session";
import { store } from "portico/store";
import { act } from "../_lib/session-actions.ts";

const app = new Hono().basePath("/session-hono");
app.use(csrf(), session({ idle: "1h", absolute: "30d", store, login: "/enter" }));
app.all("/:action", (c) => act(c.req.param("action"), c.req.raw, c.executionCtx as unknown as Context));

export default app;
