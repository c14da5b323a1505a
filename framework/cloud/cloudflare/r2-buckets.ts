/** Operations on R2 buckets. */
import type { Storage } from "../../emulation/workers/miniflare-storage.ts";
import type { ApiCall } from "./api-call.ts";
import { CloudflareError, unsupported } from "./cloudflare-error.ts";
import { bodyMembers } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { callBucket } from "./r2-protocol.ts";
import type { ResourceRecord } from "./records.ts";
import { type CloudflareState, timestamp } from "./state.ts";

const nameForm = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

const bucketJson = ({ name, created }: ResourceRecord): Readonly<Record<string, unknown>> => ({
  name,
  creation_date: created,
  location: "APAC",
  storage_class: "Standard",
  jurisdiction: "default",
});

/** Throws 10006. */
export function findBucket(call: ApiCall, { r2 }: Pick<CloudflareState, "r2">): ResourceRecord {
  const found = r2.get(call.path["bucket"] ?? "");
  if (!found) throw new CloudflareError(10006, 404, "The specified bucket does not exist.");
  return found;
}

const createBucket: Operation<"r2", "clock"> = (call, { r2 }, { clock }) => {
  if ((call.header("cf-r2-jurisdiction") ?? "default") !== "default") throw unsupported("jurisdictions of R2 buckets");
  const members = bodyMembers(call, 10005);
  const name = members.requiredText("name");
  // Read and ignored: the emulation has one location and one storage class.
  members.text("locationHint", { oneOf: ["apac", "eeur", "enam", "weur", "wnam", "oc"] });
  members.text("storageClass", { oneOf: ["Standard"] });
  members.end();
  if (!nameForm.test(name)) throw new CloudflareError(10005, 400, "The specified bucket name is not valid.");
  if (r2.get(name))
    throw new CloudflareError(10004, 409, "The bucket you tried to create already exists, and you own it.");
  return { result: bucketJson(r2.put(name, { id: name, name, created: timestamp(clock) })) };
};

const listBuckets: Operation<"r2"> = ({ query }, { r2 }) => {
  const part = query.get("name_contains") ?? "";
  return {
    result: {
      buckets: r2
        .all()
        .filter(({ name }) => name.includes(part))
        .map(bucketJson),
    },
  };
};

const deleteBucket: Operation<"r2", "openStorage"> = async (call, state, { openStorage }) => {
  const { id } = findBucket(call, state);
  if (!(await isEmpty(id, await openStorage())))
    throw new CloudflareError(10008, 409, "The bucket you tried to delete is not empty.");
  state.r2.remove(id);
  return { result: {} };
};

async function isEmpty(id: string, storage: Storage): Promise<boolean> {
  const answer = await callBucket(id, { method: "list", limit: 1, include: [] }, storage);
  if ("v4code" in answer || !Array.isArray(answer.metadata["objects"]))
    throw new Error(`the bucket ${id} could not be listed`);
  return answer.metadata["objects"].length === 0;
}

const path = "/accounts/{account}/r2/buckets";

export const r2Operations: OperationTable = {
  createBucket: writes(`POST ${path}`, createBucket),
  listBuckets: reads(`GET ${path}`, listBuckets),
  getBucket: reads(`GET ${path}/{bucket}`, (call, state) => ({ result: bucketJson(findBucket(call, state)) })),
  deleteBucket: writes(`DELETE ${path}/{bucket}`, deleteBucket),
};
