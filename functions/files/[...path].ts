/** `/files/any/depth`: one parameter takes the rest of the path, one segment or more. */
import type { Handler } from "portico";

export const GET: Handler<"/files/[...path]"> = (_request, { params }) =>
  Response.json({ path: params.path, segments: params.path.split("/") });
