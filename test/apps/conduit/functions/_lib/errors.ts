/** Errors in the form that RealWorld gives them: `{ "errors": { "article": ["not found"] } }`. */
import { HTTPException } from "hono/http-exception";

export type Errors = Readonly<Record<string, readonly string[]>>;

/** To be thrown. */
export const refusal = (status: 401 | 403 | 404 | 409, errors: Errors): HTTPException =>
  new HTTPException(status, { res: Response.json({ errors }, { status }) });

export const notFound = (what: "profile" | "article" | "comment"): HTTPException =>
  refusal(404, { [what]: ["not found"] });

export const forbidden = (what: "article" | "comment"): HTTPException => refusal(403, { [what]: ["forbidden"] });
