/** Says which route matched, and its params. */
import type { Handler } from "portico";

export const GET: Handler<"/items/[name]"> = (_request, { params }) => Response.json({ route: "items/[name]", params });
