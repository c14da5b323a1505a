/** Says which route matched, and its params. */
import type { Handler } from "portico";

export const GET: Handler<"/any/[...rest]"> = (_request, { params }) =>
  Response.json({ route: "any/[...rest]", params });
