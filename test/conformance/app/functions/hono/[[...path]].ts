/** `/hono/…`: a Hono app as one route. */
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { HttpError } from "portico";

const app = new Hono<{ Bindings: { GREETING: string } }>().basePath("/hono");

app.use(async (c, next) => {
  await next();
  // Middleware sees the error, and can still change the answer to it.
  if (c.error) c.header("x-after", c.error.name);
});
app.get("/", (c) => c.text("hono root"));
app.get("/items/:id", (c) => c.json({ id: c.req.param("id"), greeting: c.env.GREETING }));
app.post("/items", async (c) => c.json({ got: await c.req.json() }, 201));
app.get("/refused", () => {
  throw new HTTPException(418, { message: "no coffee" });
});
app.get("/http-error", () => {
  throw new HttpError(409, "taken");
});
app.get("/boom", () => {
  throw new Error("secret detail of a throw inside Hono");
});
app.get("/cookies", (c) => {
  c.header("set-cookie", "a=1", { append: true });
  c.header("set-cookie", "b=2", { append: true });
  return c.body(null, 204);
});

export default app;
