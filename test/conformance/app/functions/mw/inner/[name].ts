/** `/mw/inner/:name`: params, env and what middleware set reach the handler together. */
import type { Handler } from "portico";

export const GET: Handler<"/mw/inner/[name]"> = (_request, { params, var: { order }, env }) =>
  Response.json({ name: params.name, order, greeting: env["GREETING"] });
