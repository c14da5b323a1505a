import type { Handler } from "portico";
import { act } from "../_lib/session-actions.ts";

export const GET: Handler<"/session-short/[action]"> = (request, context) =>
  act(context.params.action, request, context);
