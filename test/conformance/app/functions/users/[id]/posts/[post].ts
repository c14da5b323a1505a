/** `/users/:id/posts/:post` */
import type { Handler } from "portico";

export const GET: Handler<"/users/[id]/posts/[post]"> = (_request, { params }) =>
  Response.json({ route: "users/[id]/posts/[post]", params });
