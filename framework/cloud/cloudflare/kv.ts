/** Operations of Workers KV: on namespaces, and on the keys and values that Workers with a binding see too. */
import { randomUUID } from "node:crypto";
import type { Storage } from "../../emulation/workers/miniflare-storage.ts";
import type { Collection } from "../collection.ts";
import { isRecord } from "../structure-reader.ts";
import type { ApiCall } from "./api-call.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { bodyMembers, jsonBody, membersOf, parseJson } from "./json-body.ts";
import { readMultipart } from "./multipart.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./pagination.ts";
import type { ResourceRecord } from "./records.ts";
import { type CloudflareState, timestamp } from "./state.ts";

/** Most pairs of one bulk call (docs: KV API). */
const maxBulk = 10_000;

const namespaceJson = ({ id, name }: ResourceRecord): Readonly<Record<string, unknown>> => ({
  id,
  title: name,
  supports_url_encoding: true,
});

function findNamespace(call: ApiCall, { kv }: Pick<CloudflareState, "kv">): ResourceRecord {
  const found = kv.get(call.path["namespace"] ?? "");
  if (!found) throw new CloudflareError(10013, 404, "get namespace: 'namespace not found'");
  return found;
}

function readTitle(call: ApiCall, kv: Collection<ResourceRecord>): string {
  const members = bodyMembers(call, 10019);
  const title = members.requiredText("title", { min: 1, max: 512 });
  members.end();
  if (kv.all().some(({ name }) => name === title))
    throw new CloudflareError(
      10014,
      400,
      "create namespace: 'a namespace with this account ID and title already exists'",
    );
  return title;
}

const createNamespace: Operation<"kv", "clock"> = (call, state, { clock }) => {
  const name = readTitle(call, state.kv);
  const id = randomUUID().replaceAll("-", "");
  return { result: namespaceJson(state.kv.put(id, { id, name, created: timestamp(clock) })) };
};

const renameNamespace: Operation<"kv"> = (call, state) => {
  const found = findNamespace(call, state);
  return { result: namespaceJson(state.kv.put(found.id, { ...found, name: readTitle(call, state.kv) })) };
};

const listNamespaces: Operation<"kv"> = ({ query }, state) => {
  const { items, info } = pageOf(state.kv.all(), query, 20, 1000);
  return { result: items.map(namespaceJson), info };
};

const deleteNamespace: Operation<"kv", "openStorage"> = async (call, state, { openStorage }) => {
  const { id } = findNamespace(call, state);
  state.kv.remove(id);
  const namespace = { id, storage: await openStorage() };
  const nextPage = (): Promise<KeyPage> => listPage(namespace, new URLSearchParams());
  for (let page = await nextPage(); page.keys.length > 0; page = await nextPage()) {
    for (const { name } of page.keys) await send(namespace, "DELETE", name);
  }
  return { result: null };
};

/** A namespace, and the storage that holds its values. */
interface StoredNamespace {
  readonly id: string;
  readonly storage: Storage;
}

interface KeyPage {
  readonly keys: readonly { readonly name: string; readonly expiration?: number; readonly metadata?: string }[];
  readonly cursor?: string;
}

async function listPage({ id, storage }: StoredNamespace, query: URLSearchParams): Promise<KeyPage> {
  const response = await storage.send("kv", id, { url: `http://kv/?${query.toString()}`, method: "GET" });
  if (!response.ok) throw invalid(await response.text(), 10029);
  return (await response.json()) as KeyPage;
}

/** Sends a request of the KV binding's own protocol. Throws 10029 with the message of a refusal. */
async function send(
  { id, storage }: StoredNamespace,
  method: string,
  key: string,
  more: { readonly body?: Uint8Array; readonly query?: URLSearchParams; readonly metadata?: unknown } = {},
): Promise<Response> {
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

const listKeys: Operation<"kv", "openStorage"> = async (call, state, { openStorage }) => {
  const { id } = findNamespace(call, state);
  const namespace = { id, storage: await openStorage() };
  const query = new URLSearchParams({ key_count_limit: call.query.get("limit") ?? "1000" });
  for (const name of ["prefix", "cursor"]) {
    const value = call.query.get(name);
    if (value) query.set(name, value);
  }
  const { keys, cursor = "" } = await listPage(namespace, query);
  const result = keys.map(({ metadata, ...key }) => ({
    ...key,
    ...(metadata !== undefined && { metadata: JSON.parse(metadata) as unknown }),
  }));
  return { result, info: { count: result.length, cursor } };
};

const getValue: Operation<"kv", "openStorage"> = async (call, state, { openStorage }) => {
  const { id } = findNamespace(call, state);
  const namespace = { id, storage: await openStorage() };
  const response = await send(namespace, "GET", call.path["key"] ?? "");
  if (response.status === 404) throw new CloudflareError(10009, 404, "get: 'key not found'");
  const expiration = response.headers.get("cf-expiration");
  const headers = [
    ["content-type", "application/octet-stream"] as const,
    ...(expiration === null ? [] : [["expiration", expiration] as const]),
  ];
  return { raw: new Uint8Array(await response.arrayBuffer()), headers };
};

const putValue: Operation<"kv", "openStorage"> = async (call, state, { openStorage }) => {
  const { id } = findNamespace(call, state);
  const namespace = { id, storage: await openStorage() };
  const query = new URLSearchParams(
    [...call.query].filter(([name]) => name === "expiration" || name === "expiration_ttl"),
  );
  const contentType = call.header("content-type");
  const parts = contentType?.toLowerCase().startsWith("multipart/form-data")
    ? readMultipart(call.body, contentType)
    : undefined;
  const metadata = parts?.find(({ name }) => name === "metadata");
  const body = parts ? parts.find(({ name }) => name === "value")?.body : call.body;
  if (!body) throw invalid("The form needs a part named value.", 10029);
  const more = { body, query, ...(metadata && { metadata: parseJson(metadata.body, "metadata") }) };
  await send(namespace, "PUT", call.path["key"] ?? "", more);
  return { result: null };
};

const deleteValue: Operation<"kv", "openStorage"> = async (call, state, { openStorage }) => {
  const { id } = findNamespace(call, state);
  await send({ id, storage: await openStorage() }, "DELETE", call.path["key"] ?? "");
  return { result: null };
};

function bulkList(call: ApiCall): readonly unknown[] {
  const list = jsonBody(call);
  if (!Array.isArray(list) || list.length > maxBulk)
    throw invalid(`The body must be a list of at most ${maxBulk}.`, 10029);
  return list;
}

const putBulk: Operation<"kv", "openStorage"> = async (call, state, { openStorage }) => {
  const { id } = findNamespace(call, state);
  const namespace = { id, storage: await openStorage() };
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
    await send(namespace, "PUT", key, { body, query, ...(metadata !== undefined && { metadata }) });
  }
  return { result: { successful_key_count: list.length, unsuccessful_keys: [] } };
};

/** Most keys of one bulk read. */
const maxBulkKeys = 100;

/** Reads many values, as texts or as parsed JSON; null for a key without a value (docs: KV API, bulk get). */
const getBulk: Operation<"kv", "openStorage"> = async (call, state, { openStorage }) => {
  const { id } = findNamespace(call, state);
  const namespace = { id, storage: await openStorage() };
  const members = bodyMembers(call, 10029);
  const keys = members.texts("keys") ?? [];
  const type = members.text("type", { oneOf: ["text", "json"] });
  const withMetadata = members.flag("withMetadata") ?? false;
  members.end();
  if (keys.length === 0 || keys.length > maxBulkKeys) throw invalid(`keys must have 1 to ${maxBulkKeys} keys.`, 10029);
  const values: Record<string, unknown> = {};
  for (const key of keys) {
    const response = await send(namespace, "GET", key);
    const text = response.status === 404 ? null : await response.text();
    const value: unknown =
      text !== null && type === "json" ? parseJson(Buffer.from(text), `The value of ${key}`) : text;
    const metadata = response.headers.get("cf-kv-metadata");
    values[key] = withMetadata
      ? { value, metadata: metadata === null ? null : (JSON.parse(metadata) as unknown) }
      : value;
  }
  return { result: { values } };
};

const deleteBulk: Operation<"kv", "openStorage"> = async (call, state, { openStorage }) => {
  const { id } = findNamespace(call, state);
  const namespace = { id, storage: await openStorage() };
  const list = bulkList(call);
  for (const item of list) {
    const key = isRecord(item) ? item["name"] : item;
    if (typeof key !== "string") throw invalid("The body must be a list of keys.", 10029);
    await send(namespace, "DELETE", key);
  }
  return { result: { successful_key_count: list.length, unsuccessful_keys: [] } };
};

const path = "/accounts/{account}/storage/kv/namespaces";

export const kvOperations: OperationTable = {
  createNamespace: writes(`POST ${path}`, createNamespace),
  listNamespaces: reads(`GET ${path}`, listNamespaces),
  getNamespace: reads(`GET ${path}/{namespace}`, (call, state) => ({
    result: namespaceJson(findNamespace(call, state)),
  })),
  renameNamespace: writes(`PUT ${path}/{namespace}`, renameNamespace),
  deleteNamespace: writes(`DELETE ${path}/{namespace}`, deleteNamespace),
  listKeys: reads(`GET ${path}/{namespace}/keys`, listKeys),
  getValue: reads(`GET ${path}/{namespace}/values/{key}`, getValue),
  putValue: writes(`PUT ${path}/{namespace}/values/{key}`, putValue),
  deleteValue: writes(`DELETE ${path}/{namespace}/values/{key}`, deleteValue),
  getBulk: reads(`POST ${path}/{namespace}/bulk/get`, getBulk),
  putBulk: writes(`PUT ${path}/{namespace}/bulk`, putBulk),
  deleteBulk: writes(`DELETE ${path}/{namespace}/bulk`, deleteBulk),
};
