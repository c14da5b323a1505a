/**
 * `/panel`: the folder's name is in parentheses, so it groups files without being in the path. Guarded like `/account`.
 */
import { type Handler, HttpError } from "portico";
import { session } from "../_lib/session.ts";

export const GET: Handler = async (request, { env, platform }) => {
  if (!(await session(request, env))) throw new HttpError(401, "Sign in at /login first");
  return Response.json(
    { greeting: env.GREETING, platform: platform.name },
    { headers: { "cache-control": "no-store" } },
  );
};
