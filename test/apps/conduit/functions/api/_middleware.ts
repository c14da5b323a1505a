/** What is refused for its form is told as RealWorld tells it: `{ "errors": { "title": ["can't be blank"] } }`. */
import { createMiddleware } from "hono/factory";
import type { InputError, Problem } from "portico/resource";
import type { Errors } from "../_lib/errors.ts";

export default createMiddleware(async (c, next) => {
  await next();
  if (c.res.headers.get("content-type") !== "application/problem+json") return;
  const problem = (await c.res.json()) as Problem;
  c.res = Response.json({ errors: toErrors(problem) }, { status: problem.status });
});

/** OpenAPI has no type of its own for `Authorization: Token …`. */
const token = { type: "apiKey", in: "header", name: "Authorization", description: "Token, a space, and the JWT" };

export const openapi = () => ({ components: { securitySchemes: { token } } });

function toErrors({ errors = [], detail = "" }: Problem): Errors {
  if (errors.length === 0) return { body: [detail] };
  const byName = Map.groupBy(errors, nameOf);
  return Object.fromEntries([...byName].map(([name, some]) => [name, some.map((one) => one.detail)]));
}

/** `title` for `#/article/title`, and `tagList` for `#/article/tagList/0`. */
function nameOf({ name, pointer = "" }: InputError): string {
  const [, object, key] = pointer.split("/");
  return name ?? key ?? object ?? "body";
}
