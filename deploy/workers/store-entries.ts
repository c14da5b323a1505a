/** The entries of a stage's D1 database, read and written some at a time. */
import { UserError } from "../../framework/model/user-error.ts";
import type { Owner } from "../parts.ts";
import { type EntryStore, readRows, type StoreRow, toColumns, toStoredEntry, writeRow } from "../stored-entry.ts";
import type { Client } from "./client.ts";
import { scriptName } from "./names.ts";
import { findStore } from "./store-database.ts";

/** Entries a call; one may have 256 KB. */
const many = 20;

/** The id of a stage's database. Throws UserError STORE_MISSING, NAME_TAKEN, STORE_SCHEMA. */
export async function requireStore(client: Client, owner: Owner): Promise<string> {
  const found = await findStore(client, owner);
  if (found?.state !== "ours") throw missing(scriptName(owner), owner, found?.state === "taken");
  return found.id;
}

/** Throws as `requireStore`. */
export async function openStoreEntries(client: Client, owner: Owner): Promise<EntryStore> {
  const path = `/d1/database/${await requireStore(client, owner)}/query`;
  const send = async (operation: string, json: unknown): Promise<readonly StoreRow[]> => {
    const [result] = await client.call<readonly { readonly results?: readonly StoreRow[] }[]>({
      operation,
      method: "POST",
      path,
      json,
    });
    return result?.results ?? [];
  };
  return {
    where: `database ${scriptName(owner)}`,
    async *read() {
      for (let [n, k] = ["", ""]; ;) {
        const rows = await send("getRows", { sql: readRows, params: [n, k, many] });
        yield rows.map(toStoredEntry);
        const last = rows.at(-1);
        if (!last || rows.length < many) return;
        ({ n, k } = last);
      }
    },
    async write(entries) {
      for (let at = 0; at < entries.length; at += many) {
        const batch = entries.slice(at, at + many).map((entry) => ({ sql: writeRow, params: toColumns(entry) }));
        await send("queryDatabase", { batch });
      }
    },
  };
}

const missing = (name: string, { stage }: Owner, isTaken: boolean): UserError =>
  isTaken
    ? new UserError(
        "NAME_TAKEN",
        `the D1 database ${name} has tables that are not this app's`,
        "Rename the app or the stage, or the database.",
      )
    : new UserError(
        "STORE_MISSING",
        `there is no database ${name} yet`,
        `Run portico deploy --stage ${stage} --target workers with a function that imports portico/store first.`,
      );
