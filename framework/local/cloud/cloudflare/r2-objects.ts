/** The objects of a bucket one by one, as `wrangler r2 object` puts, gets and deletes them, where Workers' bindings see them too. */
import { CloudflareError, notSpoken } from "./cloudflare-error.ts";
import type { Edge } from "./edge.ts";
import { type Call, type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { findBucket } from "./r2.ts";
import { askBucket, type R2Answer } from "./r2-binding.ts";

/** HTTP metadata that an object keeps: the binding's names of the headers. */
const fields = {
  contentType: "content-type",
  contentLanguage: "content-language",
  contentDisposition: "content-disposition",
  contentEncoding: "content-encoding",
  cacheControl: "cache-control",
} as const;

/** Code of the protocol for a key that is not there; the API has the same one. */
const noSuchKey = 10007;

function keyOf({ path }: Call): string {
  const key = path["key"] ?? "";
  if (Buffer.byteLength(key) > 1024) throw new CloudflareError(10020, 400, "The specified object name is not valid.");
  return key;
}

async function ask(call: Call, request: Readonly<Record<string, unknown>>, edge: Edge, body?: Uint8Array): Promise<R2Answer> {
  const { id } = findBucket(call, edge);
  const answer = await askBucket(id, { ...request, object: keyOf(call) }, edge, body);
  if (!("v4code" in answer)) return answer;
  throw new CloudflareError(answer.v4code, answer.v4code === noSuchKey ? 404 : 400, answer.message);
}

const putObject: Operation = async (call, edge) => {
  if ((call.header("cf-r2-storage-class") ?? "Standard") !== "Standard") throw notSpoken("storage classes of R2 objects but Standard");
  const given = Object.entries(fields).flatMap(([name, header]) => {
    const value = call.header(header);
    return value === undefined ? [] : [[name, value]];
  });
  const expires = call.header("expires");
  const httpFields = { ...Object.fromEntries(given), ...(expires !== undefined && { cacheExpiry: Date.parse(expires) }) } as object;
  const { metadata } = await ask(call, { method: "put", httpFields }, edge, call.body);
  const { name, etag, size, version } = metadata;
  return { result: { key: name, etag, size: String(size), version, storage_class: "Standard" } };
};

const getObject: Operation = async (call, edge) => {
  if (call.header("range") !== undefined) throw notSpoken("ranges of R2 objects");
  const { metadata, body } = await ask(call, { method: "get" }, edge);
  const kept = (metadata["httpFields"] ?? {}) as Readonly<Record<string, string | undefined>>;
  const headers = Object.entries(fields).flatMap(([name, header]) => (kept[name] === undefined ? [] : [[header, kept[name]] as const]));
  const etag = ["etag", `"${String(metadata["etag"])}"`] as const;
  const usual = kept["contentType"] === undefined ? [["content-type", "application/octet-stream"] as const] : [];
  return { raw: body, headers: [...headers, ...usual, etag] };
};

/** A key that is not there is deleted, too. */
const deleteObject: Operation = async (call, edge) => {
  await ask(call, { method: "delete" }, edge, new Uint8Array());
  return { result: { key: keyOf(call) } };
};

const object = "/accounts/{account}/r2/buckets/{bucket}/objects/{key+}";

export const r2ObjectTable: OperationTable = {
  putObject: writes(`PUT ${object}`, putObject),
  getObject: reads(`GET ${object}`, getObject),
  deleteObject: writes(`DELETE ${object}`, deleteObject),
};
