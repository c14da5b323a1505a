/** Workers KV: namespaces by title, and the values in them, where Workers read them too. */
import { randomUUID } from "node:crypto";
import { isRecord } from "../members.ts";
import { bodyMembers, jsonBody, membersOf, parseJson } from "./body.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { type Edge, timestamp } from "./edge.ts";
import { readMultipart } from "./multipart.ts";
import { type Call, type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./page.ts";
import type { ResourceRecord } from "./records.ts";

/** Most pairs of one bulk call. */
const maxBulk = 10_000;

const shown = ({ id, name }: ResourceRecord): Readonly<Record<string, unknown>> => ({ id, title: name, supports_url_encoding: true });

function findNamespace(call: Call, edge: Edge): ResourceRecord {
  const found = edge.state.kv.get(call.path["namespace"] ?? "");
  if (!found) throw new CloudflareError(10013, 404, "get namespace: 'namespace not found'");
  return found;
}

function readTitle(call: Call, edge: Edge): string {
  const members = bodyMembers(call, 10019);
  const title = members.requiredText("title", { min: 1, max: 512 });
  members.end();
  if (edge.state.kv.all().some(({ name }) => name === title))
    throw new CloudflareError(10014, 400, "create namespace: 'a namespace with this account ID and title already exists'");
  return title;
}

const createNamespace: Operation = (call, edge) => {
  const name = readTitle(call, edge);
  const id = randomUUID().replaceAll("-", "");
  return { result: shown(edge.state.kv.put(id, { id, name, created: timestamp(edge) })) };
};

const renameNamespace: Operation = (call, edge) => {
  const found = findNamespace(call, edge);
  return { result: shown(edge.state.kv.put(found.id, { ...found, name: readTitle(call, edge) })) };
};

const listNamespaces: Operation = ({ query }, edge) => {
  const { items, info } = pageOf(edge.state.kv.all(), query, 20, 1000);
  return { result: items.map(shown), info };
};

const deleteNamespace: Operation = async (call, edge) => {
  const { id } = findNamespace(call, edge);
  edge.state.kv.remove(id);
  for (
    let page = await listOf(id, new URLSearchParams(), edge);
    page.keys.length > 0;
    page = await listOf(id, new URLSearchParams(), edge)
  ) {
    for (const { name } of page.keys) await send(id, "DELETE", name, edge);
  }
  return { result: null };
};

interface KeyPage {
  readonly keys: readonly { readonly name: string; readonly expiration?: number; readonly metadata?: string }[];
  readonly cursor?: string;
}

async function listOf(id: string, query: URLSearchParams, edge: Edge): Promise<KeyPage> {
  const storage = await edge.storage();
  const response = await storage.send("kv", id, { url: `http://kv/?${query.toString()}`, method: "GET" });
  if (!response.ok) throw invalid(await response.text(), 10029);
  return (await response.json()) as KeyPage;
}

/** One call of the binding's own protocol; what it refuses is refused. */
async function send(
  id: string,
  method: string,
  key: string,
  edge: Edge,
  more: { readonly body?: Uint8Array; readonly query?: URLSearchParams; readonly metadata?: unknown } = {},
): Promise<Response> {
  const storage = await edge.storage();
  const query = new URLSearchParams([...(more.query ?? []), ["urlencoded", "true"]]);
  const response = await storage.send("kv", id, {
    url: `http://kv/${encodeURIComponent(key)}?${query.toString()}`,
    method,
    ...(more.body && { body: more.body }),
    ...(more.metadata !== undefined && { headers: { "cf-kv-metadata": JSON.stringify(more.metadata) } }),
  });
  if (response.ok || response.status === 404) return response;
  throw invalid(await response.text(), 10029);
}

const listKeys: Operation = async (call, edge) => {
  const { id } = findNamespace(call, edge);
  const query = new URLSearchParams({ key_count_limit: call.query.get("limit") ?? "1000" });
  for (const name of ["prefix", "cursor"]) {
    const value = call.query.get(name);
    if (value) query.set(name, value);
  }
  const { keys, cursor = "" } = await listOf(id, query, edge);
  const result = keys.map(({ metadata, ...key }) => ({
    ...key,
    ...(metadata !== undefined && { metadata: JSON.parse(metadata) as unknown }),
  }));
  return { result, info: { count: result.length, cursor } };
};

const getValue: Operation = async (call, edge) => {
  const response = await send(findNamespace(call, edge).id, "GET", call.path["key"] ?? "", edge);
  if (response.status === 404) throw new CloudflareError(10009, 404, "get: 'key not found'");
  const expiration = response.headers.get("cf-expiration");
  const headers = [
    ["content-type", "application/octet-stream"] as const,
    ...(expiration === null ? [] : [["expiration", expiration] as const]),
  ];
  return { raw: new Uint8Array(await response.arrayBuffer()), headers };
};

const putValue: Operation = async (call, edge) => {
  const { id } = findNamespace(call, edge);
  const query = new URLSearchParams([...call.query].filter(([name]) => name === "expiration" || name === "expiration_ttl"));
  const contentType = call.header("content-type");
  const parts = contentType?.toLowerCase().startsWith("multipart/form-data") ? readMultipart(call.body, contentType) : undefined;
  const metadata = parts?.find(({ name }) => name === "metadata");
  const body = parts ? parts.find(({ name }) => name === "value")?.body : call.body;
  if (!body) throw invalid("The form needs a part named value.", 10029);
  const more = { body, query, ...(metadata && { metadata: parseJson(metadata.body, "metadata") }) };
  await send(id, "PUT", call.path["key"] ?? "", edge, more);
  return { result: null };
};

const deleteValue: Operation = async (call, edge) => {
  await send(findNamespace(call, edge).id, "DELETE", call.path["key"] ?? "", edge);
  return { result: null };
};

function bulkList(call: Call): readonly unknown[] {
  const list = jsonBody(call);
  if (!Array.isArray(list) || list.length > maxBulk) throw invalid(`The body must be a list of at most ${maxBulk}.`, 10029);
  return list;
}

const putBulk: Operation = async (call, edge) => {
  const { id } = findNamespace(call, edge);
  const list = bulkList(call);
  for (const pair of list) {
    const members = membersOf(pair, "pair", 10029);
    const [key, value] = [members.requiredText("key"), members.requiredText("value")];
    const query = new URLSearchParams();
    for (const name of ["expiration", "expiration_ttl"]) {
      const number = members.integer(name, 1, Number.MAX_SAFE_INTEGER);
      if (number !== undefined) query.set(name, String(number));
    }
    const metadata = members.value("metadata");
    const body = Buffer.from(value, members.flag("base64") ? "base64" : "utf8");
    members.end();
    await send(id, "PUT", key, edge, { body, query, ...(metadata !== undefined && { metadata }) });
  }
  return { result: { successful_key_count: list.length, unsuccessful_keys: [] } };
};

/** Most keys of one bulk read. */
const maxBulkKeys = 100;

/** Values of many keys, as texts or as parsed JSON; null for a key that is not there (docs: KV API, bulk get). */
const getBulk: Operation = async (call, edge) => {
  const { id } = findNamespace(call, edge);
  const members = bodyMembers(call, 10029);
  const keys = members.texts("keys") ?? [];
  const type = members.text("type", { oneOf: ["text", "json"] });
  const withMetadata = members.flag("withMetadata") ?? false;
  members.end();
  if (keys.length === 0 || keys.length > maxBulkKeys) throw invalid(`keys must have 1 to ${maxBulkKeys} keys.`, 10029);
  const values: Record<string, unknown> = {};
  for (const key of keys) {
    const response = await send(id, "GET", key, edge);
    const text = response.status === 404 ? null : await response.text();
    const value: unknown = text !== null && type === "json" ? parseJson(Buffer.from(text), `The value of ${key}`) : text;
    const metadata = response.headers.get("cf-kv-metadata");
    values[key] = withMetadata ? { value, metadata: metadata === null ? null : (JSON.parse(metadata) as unknown) } : value;
  }
  return { result: { values } };
};

const deleteBulk: Operation = async (call, edge) => {
  const { id } = findNamespace(call, edge);
  const list = bulkList(call);
  for (const item of list) {
    const key = isRecord(item) ? item["name"] : item;
    if (typeof key !== "string") throw invalid("The body must be a list of keys.", 10029);
    await send(id, "DELETE", key, edge);
  }
  return { result: { successful_key_count: list.length, unsuccessful_keys: [] } };
};

const namespaces = "/accounts/{account}/storage/kv/namespaces";

export const kvTable: OperationTable = {
  createNamespace: writes(`POST ${namespaces}`, createNamespace),
  listNamespaces: reads(`GET ${namespaces}`, listNamespaces),
  getNamespace: reads(`GET ${namespaces}/{namespace}`, (call, edge) => ({ result: shown(findNamespace(call, edge)) })),
  renameNamespace: writes(`PUT ${namespaces}/{namespace}`, renameNamespace),
  deleteNamespace: writes(`DELETE ${namespaces}/{namespace}`, deleteNamespace),
  listKeys: reads(`GET ${namespaces}/{namespace}/keys`, listKeys),
  getValue: reads(`GET ${namespaces}/{namespace}/values/{key}`, getValue),
  putValue: writes(`PUT ${namespaces}/{namespace}/values/{key}`, putValue),
  deleteValue: writes(`DELETE ${namespaces}/{namespace}/values/{key}`, deleteValue),
  getBulk: reads(`POST ${namespaces}/{namespace}/bulk/get`, getBulk),
  putBulk: writes(`PUT ${namespaces}/{namespace}/bulk`, putBulk),
  deleteBulk: writes(`DELETE ${namespaces}/{namespace}/bulk`, deleteBulk),
};
