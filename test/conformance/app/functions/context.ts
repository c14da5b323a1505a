/** `/context` says what else the handler was told. */
import type { Handler } from "portico";

export const GET: Handler = (request, context) =>
  Response.json({
    keys: Object.keys(context).toSorted(),
    params: context.params,
    vars: Object.keys(context.var),
    requestId: context.requestId,
    clientAddress: context.clientAddress ?? null,
    platform: context.platform.name,
    url: request.url,
  });
