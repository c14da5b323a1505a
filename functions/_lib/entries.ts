/** The guestbook's entries in the store: all visitors share them, and they outlive every environment. */
import { store, type StoreContext } from "portico/store";
import { newKey } from "./key.ts";

export interface Entry {
  readonly name: string;
  readonly text: string;
  /** The id of the account that wrote it, if one did. */
  readonly by?: string | undefined;
  /** When it was written, in milliseconds since 1970. */
  readonly time: number;
}

/** A part of the guestbook, newest entries first. */
export interface EntryPage {
  readonly entries: readonly (Entry & { readonly key: string })[];
  /** Continues with the entries after this key; undefined on the last page. */
  readonly next: string | undefined;
}

const pageSize = 20;

const guestbook = (context: StoreContext) => store<Entry>(context, "guestbook");

export async function addEntry(context: StoreContext, entry: Entry): Promise<void> {
  await guestbook(context).set(newKey(entry.time), entry);
}

/** @param after the last key of the page before */
export async function listEntries(context: StoreContext, after?: string): Promise<EntryPage> {
  const entries: (Entry & { key: string })[] = [];
  // One more than is shown tells whether there is another page.
  for await (const { key, value } of guestbook(context).list({ after, limit: pageSize + 1 }))
    entries.push({ ...value, key });
  const shown = entries.slice(0, pageSize);
  return { entries: shown, next: entries.length > pageSize ? shown.at(-1)?.key : undefined };
}

/** Deletes an entry that this account wrote. False for another's; true where it is gone already. */
export async function deleteEntry(context: StoreContext, key: string, by: string): Promise<boolean> {
  const found = await guestbook(context).get(key);
  if (found && found.value.by !== by) return false;
  await guestbook(context).delete(key);
  return true;
}

/** Those of a span of time, in milliseconds since 1970, newest first. */
export async function* entriesOf(context: StoreContext, from: number, until: number): AsyncGenerator<Entry> {
  for await (const { value } of guestbook(context).list()) {
    if (value.time < from) return;
    if (value.time < until) yield value;
  }
}
