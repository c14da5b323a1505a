/** R2: buckets by name. */
import { bodyMembers } from "./body.ts";
import { CloudflareError, notSpoken } from "./cloudflare-error.ts";
import { type Edge, timestamp } from "./edge.ts";
import { type Call, type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { askBucket } from "./r2-binding.ts";
import type { ResourceRecord } from "./records.ts";

const nameForm = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

const shown = ({ name, created }: ResourceRecord): Readonly<Record<string, unknown>> => ({
  ...{ name, creation_date: created, location: "APAC", storage_class: "Standard", jurisdiction: "default" },
});

/** Throws 10006. */
export function findBucket(call: Call, edge: Edge): ResourceRecord {
  const found = edge.state.r2.get(call.path["bucket"] ?? "");
  if (!found) throw new CloudflareError(10006, 404, "The specified bucket does not exist.");
  return found;
}

const createBucket: Operation = (call, edge) => {
  if ((call.header("cf-r2-jurisdiction") ?? "default") !== "default") throw notSpoken("jurisdictions of R2 buckets");
  const members = bodyMembers(call, 10005);
  const name = members.requiredText("name");
  // Where it would be; there is one place and one class here.
  members.text("locationHint", { oneOf: ["apac", "eeur", "enam", "weur", "wnam", "oc"] });
  members.text("storageClass", { oneOf: ["Standard"] });
  members.end();
  if (!nameForm.test(name)) throw new CloudflareError(10005, 400, "The specified bucket name is not valid.");
  if (edge.state.r2.get(name)) throw new CloudflareError(10004, 409, "The bucket you tried to create already exists, and you own it.");
  return { result: shown(edge.state.r2.put(name, { id: name, name, created: timestamp(edge) })) };
};

const listBuckets: Operation = ({ query }, edge) => {
  const part = query.get("name_contains") ?? "";
  return {
    result: {
      buckets: edge.state.r2
        .all()
        .filter(({ name }) => name.includes(part))
        .map(shown),
    },
  };
};

const deleteBucket: Operation = async (call, edge) => {
  const { id } = findBucket(call, edge);
  if (!(await isEmpty(id, edge))) throw new CloudflareError(10008, 409, "The bucket you tried to delete is not empty.");
  edge.state.r2.remove(id);
  return { result: {} };
};

async function isEmpty(id: string, edge: Edge): Promise<boolean> {
  const answer = await askBucket(id, { method: "list", limit: 1, include: [] }, edge);
  if ("v4code" in answer || !Array.isArray(answer.metadata["objects"])) throw new Error(`the bucket ${id} could not be listed`);
  return answer.metadata["objects"].length === 0;
}

const buckets = "/accounts/{account}/r2/buckets";

export const r2Table: OperationTable = {
  createBucket: writes(`POST ${buckets}`, createBucket),
  listBuckets: reads(`GET ${buckets}`, listBuckets),
  getBucket: reads(`GET ${buckets}/{bucket}`, (call, edge) => ({ result: shown(findBucket(call, edge)) })),
  deleteBucket: writes(`DELETE ${buckets}/{bucket}`, deleteBucket),
};
