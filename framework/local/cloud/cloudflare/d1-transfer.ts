/** D1 databases as SQL text, as `wrangler d1 export` and `wrangler d1 execute --file` move it: started over the API, the text by URLs with their own token. */
import { createHash, randomBytes } from "node:crypto";
import { bodyMembers } from "./body.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { dumpSql, findDatabase, runSql } from "./d1.ts";
import type { Edge } from "./edge.ts";
import { type Call, type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { splitSql } from "./split-sql.ts";

/** A text on its way in or out; it does not outlive the process, as a client's run does not. */
export interface Transfer {
  readonly database: string;
  /** Of an import: the MD5 that was announced. */
  readonly etag?: string;
  /** Absent until it was uploaded. */
  readonly text?: Uint8Array;
  /** Epoch ms. */
  readonly expires: number;
}

/** How long such a URL is good for, milliseconds (wrangler says so: one hour). */
const lifetime = 60 * 60 * 1000;

function keep(transfer: Omit<Transfer, "expires">, { transfers, clock }: Edge): string {
  const now = clock.now();
  for (const [token, { expires }] of transfers) if (now >= expires) transfers.delete(token);
  const token = randomBytes(24).toString("hex");
  transfers.set(token, { ...transfer, expires: now + lifetime });
  return token;
}

/** Throws 7404 for a token that is none, has expired or is another database's. */
function find(call: Call, { transfers, clock }: Edge): { readonly token: string; readonly transfer: Transfer } {
  const token = call.path["token"] ?? "";
  const transfer = transfers.get(token);
  if (!transfer || transfer.database !== call.path["database"] || clock.now() >= transfer.expires)
    throw new CloudflareError(7404, 404, "The upload or download does not exist or has expired.");
  return { token, transfer };
}

const urlOf = ({ origin, path }: Call, id: string, what: string, token: string): string =>
  `${origin}/client/v4/accounts/${path["account"]}/d1/database/${id}/${what}/${token}`;

const bookmark = (edge: Edge): string => edge.clock.now().toString(16).padStart(16, "0");

const complete = (type: "import" | "export", messages: readonly string[], result: unknown, edge: Edge): { readonly result: unknown } => ({
  result: { success: true, type, status: "complete", at_bookmark: bookmark(edge), messages, result },
});

/** It is complete at once. */
const exportDatabase: Operation = async (call, edge) => {
  const { id, name } = findDatabase(call, edge);
  const members = bodyMembers(call, 7400);
  members.requiredText("output_format", { oneOf: ["polling"] });
  members.text("current_bookmark");
  const options = members.structure("dump_options");
  const [noSchema, noData] = [options?.flag("no_schema") ?? false, options?.flag("no_data") ?? false];
  const tables = options?.texts("tables") ?? [];
  options?.text("compatibility", { oneOf: ["d1"] });
  options?.end();
  members.end();
  const token = keep({ database: id, text: Buffer.from(await dumpSql(id, { noSchema, noData, tables }, edge)) }, edge);
  return complete("export", [], { filename: `${name}.sql`, signed_url: urlOf(call, id, "export", token) }, edge);
};

const download: Operation = (call, edge) => {
  const { text } = find(call, edge).transfer;
  if (!text) throw new CloudflareError(7404, 404, "This is an upload.");
  return { raw: text, headers: [["content-type", "application/sql"]] };
};

/** `init` says where to put the text, `ingest` runs it, all or nothing, and is complete then; `poll` finds nothing under way. */
const importDatabase: Operation = async (call, edge) => {
  const { id, name } = findDatabase(call, edge);
  const members = bodyMembers(call, 7400);
  const action = members.requiredText("action", { oneOf: ["init", "ingest", "poll"] });
  const etag = members.text("etag", { pattern: /^[0-9a-f]{32}$/ });
  const filename = members.text("filename");
  members.text("current_bookmark");
  members.end();
  if (action === "poll") return { result: { success: false, type: "import", error: "Not currently importing anything." } };
  if (etag === undefined) throw invalid("etag must be given.", 7400);
  if (action === "init") {
    const token = keep({ database: id, etag }, edge);
    return { result: { success: true, type: "import", upload_url: urlOf(call, id, "import", token), filename: `${token}-${name}.sql` } };
  }
  return ingest(id, filename ?? "", etag, edge);
};

async function ingest(id: string, filename: string, etag: string, edge: Edge): Promise<{ readonly result: unknown }> {
  const token = filename.slice(0, filename.indexOf("-"));
  const transfer = edge.transfers.get(token);
  const text = transfer?.text;
  if (!text || transfer.database !== id || transfer.etag !== etag) throw new CloudflareError(7404, 404, `${filename} was not uploaded.`);
  edge.transfers.delete(token);
  const statements = splitSql(Buffer.from(text).toString("utf8")).map((sql) => ({ sql, params: [] }));
  const ran = statements.length === 0 ? [] : await runSql(id, statements, "NONE", edge);
  const sum = (name: string): number => ran.reduce((total, { meta }) => total + Number(meta[name] ?? 0), 0);
  const meta = { ...ran.at(-1)?.meta, duration: sum("duration"), rows_read: sum("rows_read"), rows_written: sum("rows_written") };
  const result = { num_queries: statements.length, final_bookmark: bookmark(edge), meta: { size_after: 0, ...meta } };
  return complete("import", [`Processed ${statements.length} queries.`], result, edge);
}

/** What arrives must be what was announced. */
const upload: Operation = (call, edge) => {
  const { token, transfer } = find(call, edge);
  const md5 = createHash("md5").update(call.body).digest("hex");
  if (md5 !== transfer.etag) throw invalid(`The file's MD5 is ${md5}; ${transfer.etag ?? "none"} was announced.`, 7400);
  edge.transfers.set(token, { ...transfer, text: call.body });
  return { raw: new Uint8Array(), headers: [["etag", `"${md5}"`]] };
};

const database = "/accounts/{account}/d1/database/{database}";

export const d1TransferTable: OperationTable = {
  exportDatabase: reads(`POST ${database}/export`, exportDatabase),
  downloadExport: { ...reads(`GET ${database}/export/{token}`, download), ownToken: true },
  importDatabase: writes(`POST ${database}/import`, importDatabase),
  uploadImport: { ...writes(`PUT ${database}/import/{token}`, upload), ownToken: true },
};
