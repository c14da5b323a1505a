/**
 * `/guestbook`: a Hono app as one route. It has its own router, middleware, cookies and JSX, and only this function
 * pays for them.
 */
import { Hono } from "hono";
import { csrf } from "hono/csrf";
import { type Entry, readEntries, writeEntries } from "../_lib/entries.ts";
import type { Env } from "../_lib/env.ts";
import { readForm } from "../_lib/form.ts";
import { page } from "../_lib/page.tsx";

const longest = { name: 40, text: 200 } as const;

const guestbook = (entries: readonly Entry[], problem?: string) => (
  <>
    <p>
      Your entries live in a signed cookie of your own browser: only you see them, and when there is no room left the
      oldest go.
    </p>
    <form method="post" action="/guestbook">
      {problem && <p class="problem">{problem}</p>}
      <label>
        Name
        <input name="name" required maxlength={longest.name} />
      </label>
      <label>
        Text
        <input name="text" required maxlength={longest.text} />
      </label>
      <button>Sign</button>
    </form>
    <ol class="entries">
      {entries.map(({ name, text }) => (
        <li>
          <strong>{name}</strong> {text}
        </li>
      ))}
    </ol>
    {entries.length > 0 && (
      <form method="post" action="/guestbook/clear">
        <button class="quiet">Clear</button>
      </form>
    )}
  </>
);

const app = new Hono<{ Bindings: Env }>().basePath("/guestbook");

app.use(csrf());

app.get("/", async (c) => page("Guestbook", guestbook(await readEntries(c))));

app.post("/", async (c) => {
  const form = await readForm(c.req.raw);
  const [name, text] = [form.get("name"), form.get("text")];
  const entries = await readEntries(c);
  if (!isShort(name, longest.name) || !isShort(text, longest.text)) {
    return page("Guestbook", guestbook(entries, "A name and a short text, please."), { status: 400 });
  }
  await writeEntries(c, [...entries, { name, text }]);
  return c.redirect("/guestbook", 303);
});

app.post("/clear", async (c) => {
  await writeEntries(c, []);
  return c.redirect("/guestbook", 303);
});

const isShort = (value: unknown, most: number): value is string =>
  typeof value === "string" && value.trim() !== "" && value.length <= most;

export default app;
