/** `/throws?what=…` throws everything that can be thrown, and answers what is no Response. */
import type { Handler } from "portico";

const things: Readonly<Record<string, () => unknown>> = {
  error: () => new Error("secret detail"),
  string: () => "secret detail",
  undefined: () => undefined,
  null: () => null,
  object: () => ({ secret: "secret detail", status: 200 }),
};

/** What a handler may not return, and TypeScript would not let it. */
const answers: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  "a number": 1,
  "an object": { secret: "secret detail" },
  "an object with a status": { status: 200, body: "secret detail" },
};

export const GET: Handler = async (request) => {
  const what = new URL(request.url).searchParams.get("what") ?? "";
  if (Object.hasOwn(answers, what)) return answers[what] as Response;
  if (what === "undefined as JSON") return Response.json(undefined);
  if (what === "a function as JSON") return Response.json(() => "a text");
  if (what === "later") {
    await new Promise((resume) => setTimeout(resume, 5));
    throw new Error("secret detail");
  }
  throw things[what]?.();
};
