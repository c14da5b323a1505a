/** `/hono-own`: a Hono app that answers errors itself. */
import { Hono } from "hono";

const app = new Hono();

app.get("/hono-own", () => {
  throw new Error("detail");
});
app.onError((error, c) => c.text(`own: ${error.message}`, 503));

export default app;
