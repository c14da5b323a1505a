import { resource, type StandardSchema } from "portico/resource";

/** Takes all but `"refused"`, later; throws for `"throws"`. */
const later: StandardSchema = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: async (value) => {
      await Promise.resolve();
      if (value === "throws") throw new Error("secret detail");
      if (value === "refused") return { issues: [{ message: "is refused" }] };
      return value === "many" ? { issues: Array.from({ length: 1000 }, () => ({ message: "x" })) } : { value };
    },
  },
};

export const POST = resource({ body: later, bodyLimit: 1000 }, ({ body }) => ({
  body: body ?? "none",
  isPlain: Object.getPrototypeOf(Object(body)) !== null && !("polluted" in Object(body)),
}));

export const GET = resource({}, ({ query, request }) => (query["as"] === "text" ? new Response(request.url) : query));
