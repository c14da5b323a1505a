/** D1: databases by name, and queries that really run in the database that Workers bind to. */
import { randomUUID } from "node:crypto";
import { isRecord } from "../members.ts";
import { bodyMembers, jsonBody, membersOf } from "./body.ts";
import { CloudflareError, notSpoken } from "./cloudflare-error.ts";
import { type Edge, timestamp } from "./edge.ts";
import { type Call, type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./page.ts";
import type { ResourceRecord } from "./records.ts";
import { splitSql } from "./split-sql.ts";

/** Bytes of one statement, and parameters of one (D1 limits page). */
const maxStatement = 100_000;
const maxParams = 100;

const refused = (message: string): CloudflareError => new CloudflareError(7500, 400, message);

const shown = ({ id, name, created }: ResourceRecord): Readonly<Record<string, unknown>> => ({
  ...{ uuid: id, name, created_at: created, version: "production", num_tables: 0, file_size: 0, running_in_region: "LCL" },
});

/** By id or by name. Throws 7404. */
export function findDatabase(call: Call, edge: Edge): ResourceRecord {
  const given = call.path["database"] ?? "";
  const found = edge.state.d1.get(given) ?? edge.state.d1.all().find(({ name }) => name === given);
  if (!found) throw new CloudflareError(7404, 404, `The database ${given} could not be found`);
  return found;
}

const createDatabase: Operation = (call, edge) => {
  const members = bodyMembers(call, 7400);
  const name = members.requiredText("name", { pattern: /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/ });
  // Where it would be; there is one place here.
  members.text("primary_location_hint", { oneOf: ["wnam", "enam", "weur", "eeur", "apac", "oc"] });
  if (members.has("jurisdiction")) throw notSpoken("jurisdictions of D1 databases");
  const replication = members.structure("read_replication");
  if (replication?.text("mode", { oneOf: ["auto", "disabled"] }) === "auto") throw notSpoken("read replication of D1 databases");
  replication?.end();
  members.end();
  if (edge.state.d1.all().some((database) => database.name === name))
    throw new CloudflareError(7502, 400, `A database with the name '${name}' already exists`);
  const id = randomUUID();
  return { result: shown(edge.state.d1.put(id, { id, name, created: timestamp(edge) })) };
};

const listDatabases: Operation = ({ query }, edge) => {
  const name = query.get("name");
  const { items, info } = pageOf(
    edge.state.d1.all().filter((database) => name === null || database.name === name),
    query,
    100,
    10_000,
  );
  return { result: items.map(shown), info };
};

/** What is in it is gone for good. */
const deleteDatabase: Operation = async (call, edge) => {
  const { id } = findDatabase(call, edge);
  edge.state.d1.remove(id);
  const tables = await runSql(
    id,
    [{ sql: "SELECT name, type FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%'", params: [] }],
    "ARRAY_OF_OBJECTS",
    edge,
  );
  const names = (tables[0]?.results ?? []) as readonly { readonly name: string; readonly type: string }[];
  const drops = names
    .filter(({ type }) => type === "table" || type === "view")
    .map(({ name, type }) => ({ sql: `DROP ${type} "${name.replaceAll('"', '""')}"`, params: [] }));
  if (drops.length > 0) await runSql(id, [{ sql: "PRAGMA defer_foreign_keys = on", params: [] }, ...drops], "NONE", edge);
  return { result: null };
};

/** One statement and what it is given. */
export interface Statement {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** What a statement came to. */
export interface Ran {
  readonly success: boolean;
  readonly results?: unknown;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** All or nothing, as D1 runs what comes together. */
export async function runSql(
  id: string,
  statements: readonly Statement[],
  format: "ARRAY_OF_OBJECTS" | "ROWS_AND_COLUMNS" | "NONE",
  edge: Edge,
): Promise<readonly Ran[]> {
  const answer = await ask(id, statements, format, edge);
  if (Array.isArray(answer)) return answer as Ran[];
  throw refused(isRecord(answer) && typeof answer["error"] === "string" ? answer["error"] : "The query failed");
}

/** The database as SQL text, the way that miniflare's own D1 dumps itself. */
export async function dumpSql(
  id: string,
  { noSchema, noData, tables }: { readonly noSchema: boolean; readonly noData: boolean; readonly tables: readonly string[] },
  edge: Edge,
): Promise<string> {
  const params = [Number(noSchema), Number(noData), ...tables];
  const answer = await ask(id, [{ sql: "PRAGMA miniflare_d1_export(?,?,?);", params }], "NONE", edge);
  const [lines] = isRecord(answer) && Array.isArray(answer["results"]) ? (answer["results"] as readonly unknown[]) : [];
  if (!Array.isArray(lines)) throw refused("The export failed");
  return lines.join("\n");
}

async function ask(id: string, statements: readonly Statement[], format: string, edge: Edge): Promise<unknown> {
  const storage = await edge.storage();
  const url = `http://d1/query?resultsFormat=${format}`;
  return (await storage.send("d1", id, { url, method: "POST", body: JSON.stringify(statements) })).json();
}

/** What SQLite can be given. */
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
  if (statements.length > 1 && params.length > 0) throw refused("Parameters go with one statement; send several as a batch.");
  if (statements.some((statement) => Buffer.byteLength(statement) > maxStatement)) throw refused("A statement has more than 100 KB.");
  if (params.length > maxParams) throw refused(`A statement may have ${maxParams} parameters; ${params.length} were given.`);
  return statements.map((statement) => ({ sql: statement, params }));
}

const query =
  (format: "ARRAY_OF_OBJECTS" | "ROWS_AND_COLUMNS"): Operation =>
  async (call, edge) => {
    const { id } = findDatabase(call, edge);
    const body = jsonBody(call);
    const batch = isRecord(body) && Array.isArray(body["batch"]) ? body["batch"] : [body];
    return { result: await runSql(id, batch.flatMap(readStatements), format, edge) };
  };

const database = "/accounts/{account}/d1/database";

export const d1Table: OperationTable = {
  createDatabase: writes(`POST ${database}`, createDatabase),
  listDatabases: reads(`GET ${database}`, listDatabases),
  getDatabase: reads(`GET ${database}/{database}`, (call, edge) => ({ result: shown(findDatabase(call, edge)) })),
  deleteDatabase: writes(`DELETE ${database}/{database}`, deleteDatabase),
  queryDatabase: writes(`POST ${database}/{database}/query`, query("ARRAY_OF_OBJECTS")),
  rawQueryDatabase: writes(`POST ${database}/{database}/raw`, query("ROWS_AND_COLUMNS")),
};
