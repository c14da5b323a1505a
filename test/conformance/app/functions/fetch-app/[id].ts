/** `/fetch-app/:id`: any object with `fetch` is an app; it gets the env and the whole context. */
import type { Context, Env } from "portico";

export default {
  fetch(request: Request, env: Env, context: Context<"/fetch-app/[id]">): Response {
    return Response.json({
      method: request.method,
      id: context.params.id,
      greeting: env["GREETING"],
      hasRequestId: context.requestId !== "",
    });
  },
};
