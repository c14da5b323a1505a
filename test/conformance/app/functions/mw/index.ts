/** `/mw`: only the outer middleware. */
import type { Handler } from "portico";

export const GET: Handler = (_request, context) => Response.json({ order: context.var["order"] });
export const POST: Handler = async (request) => new Response(await request.text());
