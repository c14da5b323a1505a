/** `/whoami`: what a handler is told about the call, beside the request. */
import type { Handler } from "portico";

export const GET: Handler = (request, { requestId, clientAddress, platform }) =>
  Response.json({ requestId, clientAddress, platform: platform.name, url: request.url });
