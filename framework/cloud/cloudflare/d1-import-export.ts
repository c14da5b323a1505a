/** Operations that import and export D1 databases as SQL text, as `wrangler d1 execute --file` and `export` need. */
import { createHash } from "node:crypto";
import type { Storage } from "../../emulation/workers/miniflare-storage.ts";
import type { Clock } from "../clock.ts";
import type { ApiCall } from "./api-call.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { dumpSql, findDatabase, runSql } from "./d1-databases.ts";
import { bodyMembers } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { splitSql } from "./sql-statements.ts";

const transferUrl = (
  { origin, path }: ApiCall,
  database: string,
  direction: "import" | "export",
  token: string,
): string => `${origin}/client/v4/accounts/${path["account"]}/d1/database/${database}/${direction}/${token}`;

const bookmark = (clock: Clock): string => clock.now().toString(16).padStart(16, "0");

function completed(
  type: "import" | "export",
  messages: readonly string[],
  result: unknown,
  clock: Clock,
): { readonly result: unknown } {
  return { result: { success: true, type, status: "complete", at_bookmark: bookmark(clock), messages, result } };
}

/** An export is complete in the answer to its first call; Cloudflare's clients poll. */
const exportDatabase: Operation<"d1", "clock" | "openStorage" | "sqlTransfers"> = async (
  call,
  state,
  { clock, openStorage, sqlTransfers },
) => {
  const { id, name } = findDatabase(call, state);
  const members = bodyMembers(call, 7400);
  members.requiredText("output_format", { oneOf: ["polling"] });
  members.text("current_bookmark");
  const options = members.structure("dump_options");
  const [noSchema, noData] = [options?.flag("no_schema") ?? false, options?.flag("no_data") ?? false];
  const tables = options?.texts("tables") ?? [];
  options?.text("compatibility", { oneOf: ["d1"] });
  options?.end();
  members.end();
  const sql = await dumpSql(id, { noSchema, noData, tables }, await openStorage());
  const token = sqlTransfers.add({ database: id, text: Buffer.from(sql) });
  const download = { filename: `${name}.sql`, signed_url: transferUrl(call, id, "export", token) };
  return completed("export", [], download, clock);
};

const downloadExport: Operation<never, "sqlTransfers"> = (call, _state, { sqlTransfers }) => {
  const { text } = sqlTransfers.find(call.path["token"] ?? "", call.path["database"]);
  if (!text) throw new CloudflareError(7404, 404, "This is an upload.");
  return { raw: text, headers: [["content-type", "application/sql"]] };
};

/** `init` answers a URL for the text, `ingest` runs it in one transaction, and `poll` never finds a running import. */
const importDatabase: Operation<"d1", "clock" | "openStorage" | "sqlTransfers"> = async (
  call,
  state,
  { clock, openStorage, sqlTransfers },
) => {
  const { id, name } = findDatabase(call, state);
  const members = bodyMembers(call, 7400);
  const action = members.requiredText("action", { oneOf: ["init", "ingest", "poll"] });
  const etag = members.text("etag", { pattern: /^[0-9a-f]{32}$/ });
  const filename = members.text("filename");
  members.text("current_bookmark");
  members.end();
  if (action === "poll")
    return { result: { success: false, type: "import", error: "Not currently importing anything." } };
  if (etag === undefined) throw invalid("etag must be given.", 7400);
  if (action === "init") {
    const token = sqlTransfers.add({ database: id, etag });
    const upload = { upload_url: transferUrl(call, id, "import", token), filename: `${token}-${name}.sql` };
    return { result: { success: true, type: "import", ...upload } };
  }
  return ingest(id, sqlTransfers.take(filename ?? "", id, etag), await openStorage(), clock);
};

async function ingest(
  database: string,
  text: Uint8Array,
  storage: Storage,
  clock: Clock,
): Promise<{ readonly result: unknown }> {
  const statements = splitSql(Buffer.from(text).toString("utf8")).map((sql) => ({ sql, params: [] }));
  const results = statements.length === 0 ? [] : await runSql(database, statements, "NONE", storage);
  const sum = (name: string): number => results.reduce((total, { meta }) => total + Number(meta[name] ?? 0), 0);
  const meta = {
    size_after: 0,
    ...results.at(-1)?.meta,
    duration: sum("duration"),
    rows_read: sum("rows_read"),
    rows_written: sum("rows_written"),
  };
  const result = { num_queries: statements.length, final_bookmark: bookmark(clock), meta };
  return completed("import", [`Processed ${statements.length} queries.`], result, clock);
}

/** Refuses a text whose MD5 is not the announced one. */
const uploadImport: Operation<never, "sqlTransfers"> = (call, _state, { sqlTransfers }) => {
  const token = call.path["token"] ?? "";
  const transfer = sqlTransfers.find(token, call.path["database"]);
  const md5 = createHash("md5").update(call.body).digest("hex");
  if (md5 !== transfer.etag) throw invalid(`The file's MD5 is ${md5}; ${transfer.etag ?? "none"} was announced.`, 7400);
  sqlTransfers.setText(token, transfer, call.body);
  return { raw: new Uint8Array(), headers: [["etag", `"${md5}"`]] };
};

const path = "/accounts/{account}/d1/database/{database}";

export const d1TransferOperations: OperationTable = {
  exportDatabase: reads(`POST ${path}/export`, exportDatabase),
  downloadExport: { ...reads(`GET ${path}/export/{token}`, downloadExport), ownToken: true },
  importDatabase: writes(`POST ${path}/import`, importDatabase),
  uploadImport: { ...writes(`PUT ${path}/import/{token}`, uploadImport), ownToken: true },
};
