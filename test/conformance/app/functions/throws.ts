/** `/throws?what=…` throws everything that can be thrown, and forgets to answer. */
import type { Handler } from "portico";

const things: Readonly<Record<string, () => unknown>> = {
  error: () => new Error("secret detail"),
  string: () => "secret detail",
  undefined: () => undefined,
  null: () => null,
  object: () => ({ secret: "secret detail", status: 200 }),
};

export const GET: Handler = async (request) => {
  const what = new URL(request.url).searchParams.get("what") ?? "";
  if (what === "nothing") return undefined as unknown as Response;
  if (what === "later") {
    await new Promise((resume) => setTimeout(resume, 5));
    throw new Error("secret detail");
  }
  throw things[what]?.();
};
