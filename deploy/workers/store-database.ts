/** The D1 database of an app's store: found, made with its table and the mark of its owner, counted, deleted. */
import type { WorkersApp } from "../../framework/model/app.ts";
import { storeSchema, storeSchemaVersion } from "../../framework/model/store-schema.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { Owner, Part } from "../parts.ts";
import type { Client } from "./client.ts";
import { hasCode } from "./cloudflare-error.ts";
import { idempotentCreate } from "./idempotent-create.ts";
import { scriptName } from "./names.ts";

/** A database as the API has it (developers.cloudflare.com/api, "D1"). */
interface Database {
  readonly uuid: string;
  readonly name: string;
}

/** The database of a store's name. */
export interface FoundStore {
  readonly id: string;
  /** `empty`: it has no tables, as one that was just made, and nothing that could be lost. */
  readonly state: "ours" | "empty" | "taken";
}

const path = "/d1/database";

/** D1 has no tags: the owner is in a table of the database itself, written together with the store's table. */
const ownerTable = "portico";

/** The database with its table, as a part that all releases share; its binding is the release's own. */
export const storePart = (owner: Owner, note?: string): Part => ({
  kind: "table",
  name: scriptName(owner),
  key: `D1, schema ${storeSchemaVersion}`,
  shared: true,
  ...(note !== undefined && { note }),
});

type Row = Readonly<Record<string, unknown>>;

/** Statements of one transaction; the rows of the last. */
export async function queryStore(
  client: Client,
  id: string,
  sql: string,
  params: readonly (string | number | null)[] = [],
): Promise<readonly Row[]> {
  const json = { sql, ...(params.length > 0 && { params }) };
  const call = { operation: "queryDatabase", method: "POST", path: `${path}/${id}/query`, json } as const;
  const results = await client.call<readonly { readonly results?: readonly Row[] }[]>(call);
  return results.at(-1)?.results ?? [];
}

/** A query that only reads: it may be repeated, and tests know it by its name. */
async function readStore(client: Client, id: string, sql: string): Promise<readonly Row[]> {
  const call = { operation: "getRows", method: "POST", path: `${path}/${id}/query`, json: { sql } } as const;
  const [result] = await client.call<readonly { readonly results?: readonly Row[] }[]>(call);
  return result?.results ?? [];
}

/** The id of the database of this name; undefined where there is none. */
async function findDatabase(client: Client, name: string): Promise<string | undefined> {
  const found = await client.call<readonly Database[]>({
    operation: "listDatabases",
    method: "GET",
    path: `${path}?name=${name}`,
  });
  return found.find((database) => database.name === name)?.uuid;
}

/** Two rounds of calls where there is one. Throws UserError STORE_SCHEMA. */
export async function findStore(client: Client, owner: Owner): Promise<FoundStore | undefined> {
  const id = await findDatabase(client, scriptName(owner));
  if (id === undefined) return undefined;
  const [tables, mark] = await Promise.all([
    readStore(
      client,
      id,
      "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    ),
    readStore(client, id, `SELECT app, stage, schema FROM ${ownerTable}`).catch((error: unknown) => {
      // There is no such table.
      if (hasCode(error, queryFailed)) return [];
      throw error;
    }),
  ]);
  const ownTables = tables.filter(({ name }) => !String(name).startsWith("sqlite_"));
  if (ownTables.length === 0) return { id, state: "empty" };
  const [row] = mark;
  if (row?.["app"] !== owner.app || row["stage"] !== owner.stage) return { id, state: "taken" };
  requireSchema(owner, Number(row["schema"]), String(ownTables.find(({ name }) => name === "store")?.["sql"]));
  return { id, state: "ours" };
}

/** D1's codes for a statement that fails, and for a name that is taken. */
const queryFailed = 7500;
const nameExists = 7502;

function requireSchema(owner: Owner, version: number, sql: string): void {
  const name = scriptName(owner);
  if (version > storeSchemaVersion)
    throw new UserError(
      "STORE_SCHEMA",
      `a newer Portico made the database ${name} (schema ${version}; this one knows ${storeSchemaVersion})`,
      "Run npm install portico@latest",
    );
  const wanted = storeSchema[0]?.replace("IF NOT EXISTS ", "");
  if (plain(sql) === plain(wanted ?? "")) return;
  throw new UserError(
    "STORE_SCHEMA",
    `the table "store" of the database ${name} is not as Portico made it: somebody changed or removed it`,
    `Restore it with Cloudflare's Time Travel (wrangler d1 time-travel restore ${name}), or keep what it has and run ` +
      `portico remove --data --stage ${owner.stage}`,
  );
}

const plain = (sql: string): string => sql.replace(/["\s]+/g, "");

/**
 * The id of the app's database, which is made where there is none, with its table and the owner. The owner is written
 * in the same transaction, so a database of ours without it is empty. Throws UserError NAME_TAKEN, STORE_SCHEMA.
 */
export async function ensureStore(client: Client, owner: Owner, location?: WorkersApp["location"]): Promise<string> {
  const name = scriptName(owner);
  const found = await findStore(client, owner);
  if (found?.state === "taken") throw databaseTaken(name);
  if (found?.state === "ours") return found.id;
  const json = { name, ...(location !== undefined && { primary_location_hint: location }) };
  const create = async (): Promise<string> => {
    const call = { operation: "createDatabase", method: "POST", path, json, isNotRepeatable: true } as const;
    try {
      return (await client.call<Database>(call)).uuid;
    } catch (error) {
      // Another deployer's was first.
      const theirs = hasCode(error, nameExists) ? await findDatabase(client, name) : undefined;
      if (theirs !== undefined) return theirs;
      throw error;
    }
  };
  const id = found?.id ?? (await idempotentCreate(client, () => findDatabase(client, name), create));
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const mark = [quoted(owner.app), quoted(owner.stage), storeSchemaVersion].join(", ");
  const statements = [
    ...storeSchema,
    `CREATE TABLE IF NOT EXISTS ${ownerTable} (app TEXT PRIMARY KEY, stage TEXT NOT NULL, schema INTEGER NOT NULL)`,
    `INSERT OR REPLACE INTO ${ownerTable} VALUES (${mark})`,
  ];
  await queryStore(client, id, statements.join(";\n"));
  return id;
}

const databaseTaken = (name: string): UserError =>
  new UserError(
    "NAME_TAKEN",
    `the D1 database ${name} exists in the account, and has tables that are not this app's`,
    "Rename the app or the stage, or the database.",
  );

/** Databases that an account may have on the Free plan (docs: D1 limits). */
const freeDatabases = 10;

/** For people, where one more may be one too many: a token cannot read the account's plan. */
export async function databaseNote(client: Client): Promise<string | undefined> {
  const listed = await client.call<readonly unknown[]>({
    operation: "listDatabases",
    method: "GET",
    path: `${path}?per_page=${freeDatabases}`,
  });
  if (listed.length < freeDatabases) return undefined;
  return `the account has ${freeDatabases} D1 databases or more: the Free plan has room for ${freeDatabases}`;
}

/** How many entries the store has, expired ones included. */
export async function countEntries(client: Client, id: string): Promise<number> {
  const [row] = await readStore(client, id, "SELECT count(*) AS entries FROM store");
  return Number(row?.["entries"] ?? 0);
}

/** Deletes the database with all that is in it. */
export async function deleteStore(client: Client, id: string): Promise<void> {
  try {
    await client.call({ operation: "deleteDatabase", method: "DELETE", path: `${path}/${id}` });
  } catch (error) {
    if (!hasCode(error, 7404)) throw error;
  }
}
