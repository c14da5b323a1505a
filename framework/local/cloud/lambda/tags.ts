/** TagResource, UntagResource and ListTags of a function, named by its unqualified ARN. */
import type { Call, Operation } from "../operation.ts";
import type { FunctionRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { findFunction } from "./find-function.ts";
import { parseFunctionName } from "./function-name.ts";
import { invalid, lambdaMembers, violation } from "./refusals.ts";

/** At most 50, keys to 128 characters, values to 256, none that AWS keeps for itself. */
export function checkTags(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(tags)) {
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key)) throw invalid(`The tag key '${key}' is not valid.`);
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value)) throw invalid(`The value of tag '${key}' is not valid.`);
    if (key.toLowerCase().startsWith("aws:")) throw invalid("System tags cannot be added/updated by requester");
  }
  if (Object.keys(tags).length > 50) throw invalid("A function can have at most 50 tags.");
  return tags;
}

function tagged(call: Call, region: Region): FunctionRecord {
  const arn = call.path["Resource"] ?? "";
  if (!/^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9-_]+$/.test(arn)) {
    throw violation("Resource", arn, "Member must be the ARN of a function without a qualifier");
  }
  return findFunction(parseFunctionName(arn), region).record;
}

export const tagResource: Operation = (call, region) => {
  const record = tagged(call, region);
  const members = lambdaMembers(call.members);
  const tags = members.textMap("Tags");
  members.end();
  if (!tags) throw violation("Tags", null, "Member must not be null");
  region.state.functions.put(record.name, { ...record, tags: checkTags({ ...record.tags, ...checkTags(tags) }) });
  return { status: 204 };
};

export const untagResource: Operation = (call, region) => {
  const record = tagged(call, region);
  const gone = call.query.getAll("tagKeys");
  region.state.functions.put(record.name, {
    ...record,
    tags: Object.fromEntries(Object.entries(record.tags).filter(([key]) => !gone.includes(key))),
  });
  return { status: 204 };
};

export const listTags: Operation = (call, region) => ({ status: 200, body: { Tags: tagged(call, region).tags } });
