/**
 * `/panel`: the folder's name is in parentheses, so it groups files without being in the path. A guarded API: programs
 * without a session are answered 401.
 */
import type { Handler } from "portico";
import { requireUser } from "portico/session";

export const GET: Handler = (_request, context) => {
  const { name } = requireUser(context);
  return Response.json({ greeting: `${context.env.GREETING}, ${name}`, platform: context.platform.name });
};
