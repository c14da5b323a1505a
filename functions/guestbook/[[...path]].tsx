/**
 * `/guestbook`: a Hono app as one route, with its own router, middleware and JSX. Anybody may sign, a few times a
 * minute; whoever is signed in may delete what they wrote. A job counts the day's entries each night.
 */
import { type Context, Hono } from "hono";
import { HttpError } from "portico";
import { count, logger } from "portico/log";
import { currentUser, requireUser } from "portico/session";
import { rateLimit } from "portico/store";
import { type Digest, readDigest } from "../_lib/digest.ts";
import { addEntry, deleteEntry, type EntryPage, listEntries } from "../_lib/entries.ts";
import type { Env } from "../_lib/env.ts";
import { readForm, textOf } from "../_lib/form.ts";
import { isKey } from "../_lib/key.ts";
import { page } from "../_lib/page.ts";
import { sessions } from "../_lib/sessions.ts";

/** Characters. */
const longest = { name: 40, text: 280 } as const;

/** Entries of one client; the store counts them, whichever environment answers. */
const limited = rateLimit({ name: "guestbook", limit: 5, window: 60 });

interface Draft {
  readonly name: string;
  readonly text: string;
  /** Why it was not taken. */
  readonly problem: string;
}

const SignForm = ({ draft }: { readonly draft: Draft | undefined }) => (
  <form method="post" action="/guestbook">
    {draft && (
      <p class="problem" role="alert">
        {draft.problem}
      </p>
    )}
    <label>
      Name
      <input name="name" required maxlength={longest.name} value={draft?.name.slice(0, longest.name)} />
    </label>
    <label>
      Text
      <textarea name="text" required rows={3} maxlength={longest.text}>
        {draft?.text.slice(0, longest.text)}
      </textarea>
    </label>
    <button>Sign</button>
  </form>
);

const Time = ({ of }: { readonly of: string }) => <time datetime={of}>{of.slice(0, 16).replace("T", " ")} UTC</time>;

const Entries = ({ entries, user }: Pick<EntryPage, "entries"> & { readonly user: string | undefined }) => (
  <ul class="entries">
    {entries.map(({ key, name, text, time, by }) => (
      <li>
        <strong>{name}</strong> <Time of={new Date(time).toISOString()} />
        <p>{text}</p>
        {by && by === user && (
          <form method="post" action="/guestbook/delete">
            <button class="quiet" name="key" value={key}>
              Delete
            </button>
          </form>
        )}
      </li>
    ))}
  </ul>
);

const Summary = ({ entries, names, until }: Digest) => (
  <p class="hint">
    {entries === 1 ? "1 entry" : `${entries} entries`} by {names === 1 ? "1 person" : `${names} people`} in the day
    before <Time of={new Date(until).toISOString()} />.
  </p>
);

type C = Context<{ Bindings: Env }>;

/** The id of whoever is signed in. */
const userOf = (c: C): string | undefined => currentUser(c.executionCtx)?.id.toString();

/** The page. @param after the last key of the page before; @param draft what was not taken */
async function guestbook(c: C, { after, draft, ...init }: ResponseInit & { after?: string; draft?: Draft } = {}) {
  const user = userOf(c);
  const [{ entries, next }, digest] = await Promise.all([
    listEntries(c.executionCtx, after),
    readDigest(c.executionCtx),
  ]);
  const body = (
    <>
      <p class="lead">Everybody sees what is written here. It is kept in the app's own store.</p>
      <SignForm draft={draft} />
      {digest && <Summary {...digest} />}
      {entries.length > 0 ? <Entries entries={entries} user={user} /> : <p class="hint">No entries yet.</p>}
      {next && <a href={`/guestbook?after=${next}`}>Older entries</a>}
    </>
  );
  return page("Guestbook", body, init);
}

const app = new Hono<{ Bindings: Env }>().basePath("/guestbook");

app.use(...sessions);

app.get("/", async (c) => {
  const after = c.req.query("after");
  if (after !== undefined && !isKey(after)) throw new HttpError(400, "There is no such page of the guestbook");
  return guestbook(c, after === undefined ? {} : { after });
});

app.post("/", async (c) => {
  const form = await readForm(c.req.raw);
  const [name, text] = [textOf(form, "name"), textOf(form, "text")];
  const problem = problemOf(name, text);
  if (problem) return guestbook(c, { status: 400, draft: { name, text, problem } });
  const tooMany = await limited(c, async () => {});
  if (tooMany) {
    const seconds = tooMany.headers.get("retry-after")!;
    const draft = { name, text, problem: `That is a lot to write. Please wait for ${seconds} seconds.` };
    return guestbook(c, { status: 429, headers: { "retry-after": seconds }, draft });
  }
  await addEntry(c.executionCtx, { name, text, by: userOf(c), time: Date.now() });
  logger(c.executionCtx).info("signed", { characters: text.length });
  count("entries");
  return c.redirect("/guestbook", 303);
});

app.post("/delete", async (c) => {
  const { id } = requireUser(c.executionCtx);
  const key = (await readForm(c.req.raw)).get("key");
  if (!isKey(key)) throw new HttpError(400, "There is no such entry");
  if (!(await deleteEntry(c.executionCtx, key, id.toString()))) throw new HttpError(403, "Somebody else wrote it");
  logger(c.executionCtx).info("deleted", { key });
  return c.redirect("/guestbook", 303);
});

function problemOf(name: string, text: string): string | undefined {
  if (!name || !text) return "A name and a text, please.";
  if (name.length > longest.name) return `A name has at most ${longest.name} characters.`;
  if (text.length > longest.text) return `A text has at most ${longest.text} characters.`;
  return undefined;
}

export default app;
