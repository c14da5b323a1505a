/** Answers with what a run of the files gives. */
import type { Handler } from "portico";
import { checks, opener } from "../_lib/file-checks.ts";

export const GET: Handler<"/files/[check]"> = async (request, context) =>
  Response.json(await checks[context.params.check]!(opener(context, crypto.randomUUID()), request.url));
