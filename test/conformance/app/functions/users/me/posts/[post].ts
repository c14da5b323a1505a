/** `/users/me/posts/:post`: its leftmost static segment wins over `/users/:id/posts/:post`. */
import type { Handler } from "portico";

export const GET: Handler<"/users/me/posts/[post]"> = (_request, { params }) =>
  Response.json({ route: "users/me/posts/[post]", params });
