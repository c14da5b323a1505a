/** `/url/…` says the URL and the param that the handler saw. */
import type { Handler } from "portico";

export const GET: Handler<"/url/[...path]"> = (request, { params }) =>
  Response.json({ url: request.url, path: params.path });
