/** `/api/notes`: a JSON API. It answers a note that it accepts, and keeps none. */
import { resource } from "portico/resource";
import * as v from "valibot";

const Title = v.pipe(v.string(), v.trim(), v.minLength(1, "is empty"), v.maxLength(80, "has more than 80 characters"));
const Tags = v.pipe(v.array(v.pipe(v.string(), v.minLength(1, "is empty"))), v.maxLength(5, "has more than 5 tags"));

/** What a client sends; other keys are mistakes. */
const Note = v.strictObject({ title: Title, tags: v.optional(Tags, []) });

const examples: readonly v.InferOutput<typeof Note>[] = [
  { title: "Functions are files", tags: ["routes"] },
  { title: "State belongs into the store, or to the visitor", tags: ["state"] },
];

export const GET = resource({}, () => ({ notes: examples }));

export const POST = resource({ body: Note }, ({ body }) =>
  Response.json({ id: crypto.randomUUID(), ...body }, { status: 201 }),
);

export const openapi = () => ({
  GET: { summary: "Two notes, always the same" },
  POST: { summary: "Answers a note that it accepts, and keeps none" },
});
