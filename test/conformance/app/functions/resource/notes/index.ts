import { created, resource } from "portico/resource";
import * as v from "valibot";

const Note = v.object({
  title: v.pipe(v.string(), v.minLength(1, "is empty")),
  tags: v.optional(v.array(v.pipe(v.string(), v.maxLength(3, "is long"))), []),
});

const Page = v.object({
  size: v.optional(v.pipe(v.string(), v.toNumber(), v.integer("is not whole")), "20"),
  tag: v.optional(v.union([v.string(), v.array(v.string())])),
});

export const GET = resource({ query: Page }, ({ query }) => query);

export const POST = resource({ body: Note, response: v.object({ id: v.number(), ...Note.entries }) }, ({ body }) =>
  created({ id: 1, ...body }, "/resource/notes/처음 것"),
);
