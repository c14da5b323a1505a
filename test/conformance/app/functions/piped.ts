/** `/piped` answers with the request's own stream, unread. */
import type { Handler } from "portico";

export const POST: Handler = (request) =>
  new Response(request.body, { headers: { "content-type": "application/octet-stream" } });
