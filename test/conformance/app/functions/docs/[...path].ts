/** Says which route matched, and its params. */
import type { Handler } from "portico";

export const GET: Handler<"/docs/[...path]"> = (_request, { params }) =>
  Response.json({ route: "docs/[...path]", params });
