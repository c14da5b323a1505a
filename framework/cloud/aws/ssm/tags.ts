/** Tags of parameters: AddTagsToResource, and the rules for tags. */
import type { JsonOperation } from "../json-protocol.ts";
import type { Collection } from "../../collection.ts";
import { isRecord, StructureReader } from "../../structure-reader.ts";
import type { ParameterRecord } from "../records.ts";
import { memberError, ssmError } from "./errors.ts";

/** The member Tags: `[{ Key, Value }]`; undefined when it is missing or empty. */
export function readTags(members: StructureReader): Readonly<Record<string, string>> | undefined {
  const list = members.list("Tags") ?? [];
  const tags: Record<string, string> = {};
  for (const item of list) {
    if (!isRecord(item)) throw memberError("Tags", item, "Member must be a structure");
    const tag = new StructureReader(item, memberError);
    const key = tag.requiredText("Key", { min: 1, max: 128, pattern: /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/iu });
    tags[key] = tag.requiredText("Value", { max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u });
    tag.end();
  }
  return list.length > 0 ? tags : undefined;
}

function findParameter(members: StructureReader, parameters: Collection<ParameterRecord>): ParameterRecord {
  members.requiredText("ResourceType", { oneOf: ["Parameter"] });
  const id = members.requiredText("ResourceId", { min: 1 });
  const parameter = parameters.get(id);
  if (!parameter)
    throw ssmError(
      "InvalidResourceId",
      "The resource ID is not valid. Verify that you entered the correct ID and try again.",
    );
  return parameter;
}

export const addTagsToResource: JsonOperation<"parameters"> = (members, { parameters }) => {
  const parameter = findParameter(members, parameters);
  const tags = { ...parameter.tags, ...readTags(members) };
  members.end();
  if (Object.keys(tags).length > 50)
    throw ssmError("TooManyTagsError", "The Targets parameter includes too many tags.");
  parameters.put(parameter.name, { ...parameter, tags });
  return {};
};
