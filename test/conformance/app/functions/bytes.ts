/** `/bytes`: GET sends every byte once, POST sends back what came. */
import type { Handler } from "portico";

export const GET: Handler = () =>
  new Response(
    Uint8Array.from({ length: 256 }, (_, byte) => byte),
    { headers: { "content-type": "application/octet-stream" } },
  );

export const POST: Handler = async (request) =>
  new Response(await request.arrayBuffer(), {
    headers: { "content-type": request.headers.get("content-type") ?? "application/octet-stream" },
  });
