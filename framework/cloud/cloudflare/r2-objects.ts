/** Operations on single R2 objects, which `wrangler r2 object` calls; Workers with a binding see the objects too. */
import type { ApiCall } from "./api-call.ts";
import { CloudflareError, unsupported } from "./cloudflare-error.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { findBucket } from "./r2-buckets.ts";
import { callBucket, type R2Response } from "./r2-protocol.ts";
import type { CloudflareServices } from "./services.ts";
import type { CloudflareState } from "./state.ts";

/** HTTP metadata of an object: the binding's field names and the headers. */
const httpFields = {
  contentType: "content-type",
  contentLanguage: "content-language",
  contentDisposition: "content-disposition",
  contentEncoding: "content-encoding",
  cacheControl: "cache-control",
} as const;

/** The code for a key without an object, in the binding's protocol and in the API. */
const noSuchKey = 10007;

function keyOf({ path }: ApiCall): string {
  const key = path["key"] ?? "";
  if (Buffer.byteLength(key) > 1024) throw new CloudflareError(10020, 400, "The specified object name is not valid.");
  return key;
}

/** Sends a request about the object of the call. */
async function callObject(
  call: ApiCall,
  request: Readonly<Record<string, unknown>>,
  state: Pick<CloudflareState, "r2">,
  { openStorage }: Pick<CloudflareServices, "openStorage">,
  body?: Uint8Array,
): Promise<R2Response> {
  const { id } = findBucket(call, state);
  const response = await callBucket(id, { ...request, object: keyOf(call) }, await openStorage(), body);
  if (!("v4code" in response)) return response;
  throw new CloudflareError(response.v4code, response.v4code === noSuchKey ? 404 : 400, response.message);
}

const putObject: Operation<"r2", "openStorage"> = async (call, state, services) => {
  if ((call.header("cf-r2-storage-class") ?? "Standard") !== "Standard")
    throw unsupported("storage classes of R2 objects other than Standard");
  const fromHeaders = Object.entries(httpFields).flatMap(([name, header]) => {
    const value = call.header(header);
    return value === undefined ? [] : [[name, value]];
  });
  const expires = call.header("expires");
  const given = {
    ...Object.fromEntries(fromHeaders),
    ...(expires !== undefined && { cacheExpiry: Date.parse(expires) }),
  } as object;
  const { metadata } = await callObject(call, { method: "put", httpFields: given }, state, services, call.body);
  const { name, etag, size, version } = metadata;
  return { result: { key: name, etag, size: String(size), version, storage_class: "Standard" } };
};

const getObject: Operation<"r2", "openStorage"> = async (call, state, services) => {
  if (call.header("range") !== undefined) throw unsupported("ranges of R2 objects");
  const { metadata, body } = await callObject(call, { method: "get" }, state, services);
  const stored = (metadata["httpFields"] ?? {}) as Readonly<Record<string, string | undefined>>;
  const headers = Object.entries(httpFields).flatMap(([name, header]) =>
    stored[name] === undefined ? [] : [[header, stored[name]] as const],
  );
  const etag = ["etag", `"${String(metadata["etag"])}"`] as const;
  const defaultType =
    stored["contentType"] === undefined ? [["content-type", "application/octet-stream"] as const] : [];
  return { raw: body, headers: [...headers, ...defaultType, etag] };
};

/** Fields of R2's objects, with the names that the API has. */
const listObjects: Operation<"r2", "openStorage"> = async ({ query, ...call }, state, { openStorage }) => {
  const { id } = findBucket({ query, ...call }, state);
  for (const name of query.keys())
    if (!["per_page", "cursor", "prefix", "start_after"].includes(name)) throw unsupported(`${name} of listed objects`);
  const limit = Number(query.get("per_page") ?? mostListed);
  if (!Number.isInteger(limit) || limit < 1 || limit > mostListed)
    throw new CloudflareError(10005, 400, `per_page is a number from 1 to ${mostListed}.`);
  const [prefix, cursor, startAfter] = ["prefix", "cursor", "start_after"].map((name) => query.get(name) ?? undefined);
  const request = { method: "list", limit, prefix, cursor, startAfter, include: [0] };
  const answer = await callBucket(id, request, await openStorage());
  if ("v4code" in answer) throw new CloudflareError(answer.v4code, 400, answer.message);
  const { objects, truncated, cursor: next } = answer.metadata as unknown as ListAnswer;
  const result = objects.map(({ name, etag, size, uploaded, httpFields: stored }) => ({
    key: name,
    etag,
    size,
    last_modified: new Date(Number(uploaded)).toISOString(),
    http_metadata: stored ?? {},
    storage_class: "Standard",
  }));
  return { result, info: { cursor: truncated ? next : "", is_truncated: truncated, per_page: limit } };
};

/** Objects of a page, at most and by default. */
const mostListed = 1000;

/** The binding's answer to a list. */
interface ListAnswer {
  readonly objects: readonly {
    readonly name: string;
    readonly etag: string;
    readonly size: number;
    readonly uploaded: number | string;
    readonly httpFields?: object;
  }[];
  readonly truncated: boolean;
  readonly cursor?: string;
}

/** Succeeds also for a key without an object. */
const deleteObject: Operation<"r2", "openStorage"> = async (call, state, services) => {
  await callObject(call, { method: "delete" }, state, services, new Uint8Array());
  return { result: { key: keyOf(call) } };
};

const bucket = "/accounts/{account}/r2/buckets/{bucket}";
const object = `${bucket}/objects/{key+}`;

export const r2ObjectOperations: OperationTable = {
  putObject: writes(`PUT ${object}`, putObject),
  listObjects: reads(`GET ${bucket}/objects`, listObjects),
  getObject: reads(`GET ${object}`, getObject),
  deleteObject: writes(`DELETE ${object}`, deleteObject),
};
