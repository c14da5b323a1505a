/** `/env` says which names the env has, two values, and what packages find in process.env when they load and later. */
import type { Handler } from "portico";

const top = process.env["GREETING"];

export const GET: Handler = (_request, { env }) => {
  const bindings: Readonly<Record<string, unknown>> = env;
  return Response.json({
    names: Object.keys(env).toSorted(),
    greeting: bindings["GREETING"],
    empty: bindings["EMPTY"],
    path: bindings["PATH"] ?? null,
    process: { top, empty: process.env["EMPTY"], secret: process.env["SESSION_KEY"] === bindings["SESSION_KEY"] },
  });
};
