/** `/http-exception`: Hono's exception works in a plain handler. */
import { HTTPException } from "hono/http-exception";

export const GET = () => {
  throw new HTTPException(403, { res: new Response("own response", { status: 403, headers: { "x-own": "yes" } }) });
};
