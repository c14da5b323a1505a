/** `/methods` has GET, PUT and DELETE; HEAD, OPTIONS and 405 come by themselves. */
import type { Handler } from "portico";

export const GET: Handler = (request) =>
  new Response(`body of ${request.method}`, {
    headers: { "x-method": request.method, "content-type": "text/x-method" },
  });
export const PUT: Handler = () => new Response("put");
export const DELETE: Handler = () => new Response(null, { status: 204 });
