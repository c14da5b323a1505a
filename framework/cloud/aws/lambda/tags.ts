/** Tags of functions and event source mappings: ListTags, and the rules for tags. */
import type { RestOperation } from "../rest-operation.ts";
import { findFunction } from "./function-lookup.ts";
import { parseFunctionName } from "./function-name.ts";
import { invalid, violation } from "./errors.ts";
import { requireMapping } from "./mapping-records.ts";

/** At most 50 tags; keys up to 128 characters without the prefix `aws:`, values up to 256. */
export function checkTags(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(tags)) {
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key)) throw invalid(`The tag key '${key}' is not valid.`);
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value)) throw invalid(`The value of tag '${key}' is not valid.`);
    if (key.toLowerCase().startsWith("aws:")) throw invalid("System tags cannot be added/updated by requester");
  }
  if (Object.keys(tags).length > 50) throw invalid("A resource can have at most 50 tags.");
  return tags;
}

export const listTags: RestOperation<"functions" | "mappings" | "clock"> = (call, { functions, mappings, clock }) => {
  const arn = call.path["Resource"] ?? "";
  const [, uuid] = /^arn:aws:lambda:[a-z0-9-]+:\d{12}:event-source-mapping:([0-9a-f-]{36})$/.exec(arn) ?? [];
  if (uuid !== undefined) return { status: 200, body: { Tags: requireMapping(uuid, { mappings, clock }).tags } };
  if (!/^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9-_]+$/.test(arn)) {
    const rule = "Member must be the ARN of a function without a qualifier, or of an event source mapping";
    throw violation("Resource", arn, rule);
  }
  const { tags } = findFunction(parseFunctionName(arn), functions).record;
  return { status: 200, body: { Tags: tags } };
};
