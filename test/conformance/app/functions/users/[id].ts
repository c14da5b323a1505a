/** `/users/:id` */
import type { Handler } from "portico";

export const GET: Handler<"/users/[id]"> = (_request, { params }) => Response.json({ route: "users/[id]", params });
