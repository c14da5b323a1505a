/** What `portico openapi` says of a method beside its schemas: errors are not problems, but RealWorld's. */

const errors = {
  type: "object",
  required: ["errors"],
  properties: {
    errors: { type: "object", additionalProperties: { type: "array", items: { type: "string" } } },
  },
};

const responses = {
  "4XX": { description: "What is wrong, by name", content: { "application/json": { schema: errors } } },
};

export const about = (summary: string, tag: string) => ({ summary, tags: [tag], responses });

/** Of a method that wants a token, whose scheme api/_middleware.ts says. */
export const aboutUser = (summary: string, tag: string) => ({ ...about(summary, tag), security: [{ token: [] }] });
