/** `/users/:id/posts/latest`: loses to `/users/me/posts/:post` for "me", wins over `/users/:id/posts/:post`. */
import type { Handler } from "portico";

export const GET: Handler<"/users/[id]/posts/latest"> = (_request, { params }) =>
  Response.json({ route: "users/[id]/posts/latest", params });
