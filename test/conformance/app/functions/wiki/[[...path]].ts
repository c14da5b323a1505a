/** Says which route matched, and its params. */
import type { Handler } from "portico";

export const GET: Handler<"/wiki/[[...path]]"> = (_request, { params }) =>
  Response.json({ route: "wiki/[[...path]]", params });
