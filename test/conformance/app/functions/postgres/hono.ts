import { Hono } from "hono";
import { database } from "portico/postgres";

export default new Hono().get("/postgres/hono", async (c) =>
  c.json((await database(c.executionCtx, "DB").query("select 1 as one")).rows),
);
