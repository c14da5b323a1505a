/** AddTagsToResource, RemoveTagsFromResource and ListTagsForResource, for parameters. */
import type { JsonOperation } from "../json-protocol.ts";
import { isRecord, Members } from "../members.ts";
import type { ParameterRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { complain, ssmError } from "./ssm-error.ts";

/** The member Tags: `[{ Key, Value }]`; undefined when it is not there or empty. */
export function readTags(members: Members): Readonly<Record<string, string>> | undefined {
  const list = members.list("Tags") ?? [];
  const tags: Record<string, string> = {};
  for (const one of list) {
    if (!isRecord(one)) throw complain("Tags", one, "Member must be a structure");
    const tag = new Members(one, complain);
    const key = tag.requiredText("Key", { min: 1, max: 128, pattern: /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/iu });
    tags[key] = tag.requiredText("Value", { max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u });
    tag.end();
  }
  return list.length > 0 ? tags : undefined;
}

function find(members: Members, { state }: Region): ParameterRecord {
  members.requiredText("ResourceType", { oneOf: ["Parameter"] });
  const id = members.requiredText("ResourceId", { min: 1 });
  const parameter = state.parameters.get(id);
  if (!parameter)
    throw ssmError("InvalidResourceId", "The resource ID is not valid. Verify that you entered the correct ID and try again.");
  return parameter;
}

export const addTagsToResource: JsonOperation = (members, region) => {
  const parameter = find(members, region);
  const tags = { ...parameter.tags, ...readTags(members) };
  members.end();
  if (Object.keys(tags).length > 50) throw ssmError("TooManyTagsError", "The Targets parameter includes too many tags.");
  region.state.parameters.put(parameter.name, { ...parameter, tags });
  return {};
};

export const removeTagsFromResource: JsonOperation = (members, region) => {
  const parameter = find(members, region);
  const gone = members.texts("TagKeys") ?? [];
  members.end();
  const tags = Object.fromEntries(Object.entries(parameter.tags).filter(([key]) => !gone.includes(key)));
  region.state.parameters.put(parameter.name, { ...parameter, tags });
  return {};
};

export const listTagsForResource: JsonOperation = (members, region) => {
  const { tags } = find(members, region);
  members.end();
  return { TagList: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
};
