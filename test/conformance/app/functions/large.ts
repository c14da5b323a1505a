/** `/large?bytes=n` sends n bytes of a known pattern; POST counts and hashes what came. */
import type { Handler } from "portico";

export const GET: Handler = (request) => {
  const query = new URL(request.url).searchParams;
  const length = Number(query.get("bytes"));
  if (query.has("text")) return new Response("0123456789abcdef".repeat(length / 16));
  return new Response(
    Uint8Array.from({ length }, (_, index) => index % 251),
    { headers: { "content-type": "application/octet-stream" } },
  );
};

export const POST: Handler = async (request) => {
  const body = await request.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return Response.json({
    bytes: body.byteLength,
    sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  });
};
