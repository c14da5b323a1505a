/** `/members/42`: a parameter below the same middleware. */
import { type Handler, HttpError } from "portico";

export const GET: Handler<"/members/[id]"> = (_request, { params, var: { member } }) => {
  if (!/^\d+$/.test(params.id)) throw new HttpError(404, "A member's id is a number");
  return Response.json({ id: Number(params.id), member });
};
