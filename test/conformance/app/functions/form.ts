/** `/form` says which fields and files came. */
import type { Handler } from "portico";

export const POST: Handler = async (request) => {
  const fields = [...(await request.formData())].map(async ([name, value]) => {
    if (typeof value === "string") return [name, value];
    return [name, { name: value.name, type: value.type, bytes: Array.from(new Uint8Array(await value.arrayBuffer())) }];
  });
  return Response.json(await Promise.all(fields));
};
