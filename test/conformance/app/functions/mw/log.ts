import type { Handler } from "portico";
import { logOrder } from "../_lib/log-order.ts";

export const GET: Handler = (_request, context) => logOrder(context);
