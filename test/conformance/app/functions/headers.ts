/** `/headers` answers with headers that are easily lost. */
import type { Handler } from "portico";

export const GET: Handler = () => {
  const headers = new Headers({
    "content-type": "text/plain; charset=utf-8",
    "x-empty": "",
    "x-unicode": encodeURIComponent("비밀 방"),
    "x-comma": 'a, "b, c"',
    "cache-control": "private, max-age=60",
    etag: '"v1"',
    vary: "accept",
    "x-long": "x".repeat(4000),
  });
  headers.append("vary", "accept-language");
  headers.append("link", "</a>; rel=preload");
  headers.append("link", "</b>; rel=preload");
  return new Response("headers", { headers });
};
