/** `/encoded` sends bytes that are compressed already, as a cache of a handler's own would. */
import type { Handler } from "portico";

export const GET: Handler = async () => {
  const gzip = new Blob(["compressed once, 한 번만. ".repeat(20)]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(await new Response(gzip).arrayBuffer(), {
    headers: { "content-type": "text/plain; charset=utf-8", "content-encoding": "gzip", vary: "accept-encoding" },
  });
};
