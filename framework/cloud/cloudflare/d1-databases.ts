/** Operations on D1 databases, with queries that run in the same SQLite database as those of Workers. */
import { randomUUID } from "node:crypto";
import type { Storage } from "../../emulation/workers/miniflare-storage.ts";
import { isRecord } from "../structure-reader.ts";
import type { ApiCall } from "./api-call.ts";
import { CloudflareError, unsupported } from "./cloudflare-error.ts";
import { bodyMembers, jsonBody, membersOf } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./pagination.ts";
import type { ResourceRecord } from "./records.ts";
import { splitSql } from "./sql-statements.ts";
import { type CloudflareState, timestamp } from "./state.ts";

/** Bytes of one statement, and parameters of one (D1 limits page). */
const maxStatement = 100_000;
const maxParams = 100;

const refused = (message: string): CloudflareError => new CloudflareError(7500, 400, message);

const databaseJson = ({ id, name, created }: ResourceRecord): Readonly<Record<string, unknown>> => ({
  uuid: id,
  name,
  created_at: created,
  version: "production",
  num_tables: 0,
  file_size: 0,
  running_in_region: "LCL",
});

/** Finds a database by its id or name. Throws 7404. */
export function findDatabase(call: ApiCall, { d1 }: Pick<CloudflareState, "d1">): ResourceRecord {
  const given = call.path["database"] ?? "";
  const found = d1.get(given) ?? d1.all().find(({ name }) => name === given);
  if (!found) throw new CloudflareError(7404, 404, `The database ${given} could not be found`);
  return found;
}

const createDatabase: Operation<"d1", "clock" | "plan"> = (call, { d1 }, { clock, plan }) => {
  const members = bodyMembers(call, 7400);
  const name = members.requiredText("name", { pattern: /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/ });
  // Read and ignored: the emulation has one location.
  members.text("primary_location_hint", { oneOf: ["wnam", "enam", "weur", "eeur", "apac", "oc"] });
  if (members.has("jurisdiction")) throw unsupported("jurisdictions of D1 databases");
  const replication = members.structure("read_replication");
  if (replication?.text("mode", { oneOf: ["auto", "disabled"] }) === "auto")
    throw unsupported("read replication of D1 databases");
  replication?.end();
  members.end();
  if (d1.all().some((database) => database.name === name))
    throw new CloudflareError(7502, 400, `A database with the name '${name}' already exists`);
  if (d1.all().length >= plan.databases)
    throw new CloudflareError(7406, 400, `System limit reached: databases per account (${plan.databases})`);
  const id = randomUUID();
  return { result: databaseJson(d1.put(id, { id, name, created: timestamp(clock) })) };
};

const listDatabases: Operation<"d1"> = ({ query }, { d1 }) => {
  const name = query.get("name");
  const { items, info } = pageOf(
    d1.all().filter((database) => name === null || database.name === name),
    query,
    100,
    10_000,
  );
  return { result: items.map(databaseJson), info };
};

/** Deletes a database with all its tables and views. */
const deleteDatabase: Operation<"d1", "openStorage"> = async (call, state, { openStorage }) => {
  const { id } = findDatabase(call, state);
  state.d1.remove(id);
  const storage = await openStorage();
  const sql = "SELECT name, type FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%'";
  const tables = await runSql(id, [{ sql, params: [] }], "ARRAY_OF_OBJECTS", storage);
  const names = (tables[0]?.results ?? []) as readonly { readonly name: string; readonly type: string }[];
  const drops = names
    .filter(({ type }) => type === "table" || type === "view")
    .map(({ name, type }) => ({ sql: `DROP ${type} "${name.replaceAll('"', '""')}"`, params: [] }));
  if (drops.length > 0)
    await runSql(id, [{ sql: "PRAGMA defer_foreign_keys = on", params: [] }, ...drops], "NONE", storage);
  return { result: null };
};

/** A statement and its parameters. */
export interface Statement {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** The result of a statement. */
export interface StatementResult {
  readonly success: boolean;
  readonly results?: unknown;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** Runs statements in one transaction, as D1 does with a batch. */
export async function runSql(
  id: string,
  statements: readonly Statement[],
  format: "ARRAY_OF_OBJECTS" | "ROWS_AND_COLUMNS" | "NONE",
  storage: Storage,
): Promise<readonly StatementResult[]> {
  const body = await query(id, statements, format, storage);
  if (Array.isArray(body)) return body as StatementResult[];
  throw refused(isRecord(body) && typeof body["error"] === "string" ? body["error"] : "The query failed");
}

/** The database as SQL text, from miniflare's own export. */
export async function dumpSql(
  id: string,
  options: { readonly noSchema: boolean; readonly noData: boolean; readonly tables: readonly string[] },
  storage: Storage,
): Promise<string> {
  const { noSchema, noData, tables } = options;
  const params = [Number(noSchema), Number(noData), ...tables];
  const body = await query(id, [{ sql: "PRAGMA miniflare_d1_export(?,?,?);", params }], "NONE", storage);
  const [lines] = isRecord(body) && Array.isArray(body["results"]) ? (body["results"] as readonly unknown[]) : [];
  if (!Array.isArray(lines)) throw refused("The export failed");
  return lines.join("\n");
}

async function query(id: string, statements: readonly Statement[], format: string, storage: Storage): Promise<unknown> {
  const url = `http://d1/query?resultsFormat=${format}`;
  return (await storage.send("d1", id, { url, method: "POST", body: JSON.stringify(statements) })).json();
}

/** A parameter as SQLite takes it. */
function readParam(value: unknown): string | number | null {
  if (typeof value === "boolean") return Number(value);
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  throw new CloudflareError(7400, 400, "A parameter must be a string, a number, a boolean or null.");
}

function readStatements(value: unknown): readonly Statement[] {
  const members = membersOf(value, "query", 7400);
  const sql = members.requiredText("sql", { min: 1 });
  const params = (members.list("params") ?? []).map(readParam);
  members.end();
  const statements = splitSql(sql);
  if (statements.length === 0) throw refused("No SQL statements detected.");
  if (statements.length > 1 && params.length > 0)
    throw refused("Parameters go with one statement; send several as a batch.");
  if (statements.some((statement) => Buffer.byteLength(statement) > maxStatement))
    throw refused("A statement has more than 100 KB.");
  if (params.length > maxParams)
    throw refused(`A statement may have ${maxParams} parameters; ${params.length} were given.`);
  return statements.map((statement) => ({ sql: statement, params }));
}

const queryOperation =
  (format: "ARRAY_OF_OBJECTS" | "ROWS_AND_COLUMNS"): Operation<"d1", "openStorage"> =>
  async (call, state, { openStorage }) => {
    const { id } = findDatabase(call, state);
    const body = jsonBody(call);
    const batch = isRecord(body) && Array.isArray(body["batch"]) ? body["batch"] : [body];
    return { result: await runSql(id, batch.flatMap(readStatements), format, await openStorage()) };
  };

const path = "/accounts/{account}/d1/database";

export const d1Operations: OperationTable = {
  createDatabase: writes(`POST ${path}`, createDatabase),
  listDatabases: reads(`GET ${path}`, listDatabases),
  getDatabase: reads(`GET ${path}/{database}`, (call, state) => ({ result: databaseJson(findDatabase(call, state)) })),
  deleteDatabase: writes(`DELETE ${path}/{database}`, deleteDatabase),
  queryDatabase: writes(`POST ${path}/{database}/query`, queryOperation("ARRAY_OF_OBJECTS")),
  rawQueryDatabase: writes(`POST ${path}/{database}/raw`, queryOperation("ROWS_AND_COLUMNS")),
};
