/** `/env` says which names the env has, and two values. */
import type { Handler } from "portico";

export const GET: Handler = (_request, { env }) => {
  const bindings: Readonly<Record<string, unknown>> = env;
  return Response.json({
    names: Object.keys(env).toSorted(),
    greeting: bindings["GREETING"],
    empty: bindings["EMPTY"],
    path: bindings["PATH"] ?? null,
  });
};
