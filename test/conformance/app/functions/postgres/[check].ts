import type { Handler } from "portico";
import { database } from "portico/postgres";
import { checks } from "../_lib/postgres-checks.ts";

export const GET: Handler<"/postgres/[check]"> = async (_, context) =>
  Response.json(await checks[context.params.check]!(database(context, "DB")));
