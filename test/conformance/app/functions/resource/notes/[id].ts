import { HttpError } from "portico";
import { resource } from "portico/resource";
import * as z from "zod";

const Id = z.object({ id: z.coerce.number("is not a number").int("is not whole") });
const Change = z.object({ title: z.string(), "a/b~c %": z.object({ "": z.number("is not a number") }).optional() });

export const GET = resource({ params: Id }, async ({ params: { id } }) => {
  if (id === 404) throw new HttpError(404, "There is no such note");
  return id === 0 ? null : { id, title: "one" };
});

export const PUT = resource({ params: Id, body: Change }, ({ params, body }) => ({ ...params, ...body }));

export const DELETE = resource({ params: Id }, () => undefined);
