/** `/own-methods` answers HEAD and OPTIONS itself. */
import type { Handler } from "portico";

export const GET: Handler = () => new Response("get", { headers: { "x-from": "GET" } });
export const HEAD: Handler = () => new Response(null, { headers: { "x-from": "HEAD" } });
export const OPTIONS: Handler = () =>
  new Response("options", { headers: { "x-from": "OPTIONS", allow: "GET, HEAD, OPTIONS, PURGE" } });
