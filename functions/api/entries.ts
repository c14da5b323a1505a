/** `/api/entries`: the guestbook as an API, with the entries of its page. */
import { HttpError } from "portico";
import { created, resource } from "portico/resource";
import { idempotent, rateLimit } from "portico/store";
import * as v from "valibot";
import { addEntry, listEntries } from "../_lib/entries.ts";
import { keyForm } from "../_lib/key.ts";

const textOf = (most: number) =>
  v.pipe(v.string(), v.trim(), v.minLength(1, "is empty"), v.maxLength(most, `has more than ${most} characters`));

const Entry = v.object({ name: textOf(40), text: textOf(280) });
const Page = v.object({ after: v.optional(v.pipe(v.string(), v.regex(keyForm, "is no key of an entry"))) });

const Listed = v.object({ key: v.string(), name: v.string(), text: v.string(), time: v.number() });
const EntryPage = v.object({ entries: v.array(Listed), next: v.optional(v.string()) });

/** Entries of one client, beside those of the form. */
const limited = rateLimit({ name: "entries", limit: 5, window: 60 });

export const GET = resource({ query: Page, response: EntryPage }, async ({ query, context }) => {
  const { entries, next } = await listEntries(context, query.after);
  // Without the accounts of those who wrote them.
  const shown = entries.map(({ key, name, text, time }) => ({ key, name, text, time }));
  return { entries: shown, ...(next !== undefined && { next }) };
});

/** A client that repeats it with the same Idempotency-Key writes one entry. */
export const POST = idempotent(
  resource({ body: Entry }, async ({ body, context, request }) => {
    const refused = await limited(request, context);
    if (refused) throw new HttpError(429, "Too many entries", { headers: Object.fromEntries(refused.headers) });
    const entry = { ...body, time: Date.now() };
    await addEntry(context, entry);
    return created(entry, "/guestbook");
  }),
);

export const openapi = () => ({
  GET: { summary: "Entries of the guestbook, newest first" },
  POST: { summary: "Sign the guestbook" },
});
