import type { Handler } from "portico";
import { idempotent, rateLimit, store } from "portico/store";

const limited = rateLimit({
  limit: 2,
  window: 100,
  key: (request) => request.headers.get("x-run") ?? "",
  name: "once",
});

export const GET: Handler = async (request, context) => (await limited(request, context)) ?? new Response("in");

export const POST: Handler = idempotent(async (request, context) => {
  const run = await store<number>(context, "runs").add(request.headers.get("x-run") ?? "");
  return Response.json({ run, body: await request.text() }, { status: 201, headers: { "set-cookie": "a=1" } });
});
