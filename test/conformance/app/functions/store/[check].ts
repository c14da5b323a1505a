import type { Handler } from "portico";
import { checks, opener } from "../_lib/store-checks.ts";

export const GET: Handler<"/store/[check]"> = async (_, context) =>
  Response.json(await checks[context.params.check]!(opener(context, crypto.randomUUID())));
