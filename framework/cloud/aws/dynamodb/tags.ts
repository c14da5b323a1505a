/** Tags of tables: TagResource and ListTagsOfResource. */
import { dynamoError, validation } from "../../../emulation/dynamodb/errors.ts";
import { isRecord, StructureReader } from "../../structure-reader.ts";
import { account, localRegion } from "../arn.ts";
import type { JsonOperation } from "../json-protocol.ts";
import type { TableRecord } from "../records.ts";
import { memberError } from "./errors.ts";
import { findTable, type TableUses } from "./table-records.ts";

const maxTags = 50;

/** A list of tags: `[{ Key, Value }]`; empty when the member is missing. */
export function readTags(members: StructureReader, member: "Tags"): Readonly<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (const item of members.list(member) ?? []) {
    if (!isRecord(item)) throw memberError(member, item, "Member must be a structure");
    const tag = new StructureReader(item, memberError);
    const key = tag.requiredText("Key", { min: 1, max: 128, pattern: /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/iu });
    if (Object.hasOwn(tags, key)) throw validation(`Duplicate key: ${key}`);
    tags[key] = tag.requiredText("Value", { max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u });
    tag.end();
  }
  if (Object.keys(tags).length > maxTags) throw tooMany();
  return tags;
}

const tooMany = (): Error => validation("Too many tags: a resource can have at most 50");

/** The table that ResourceArn names. Throws ValidationException or ResourceNotFoundException. */
function findResource(members: StructureReader, uses: TableUses): TableRecord {
  const arn = members.requiredText("ResourceArn", { min: 1, max: 1283 });
  const [, owner, name = ""] = /^arn:aws:dynamodb:([^:]*:[^:]*):table\/([^/]+)$/.exec(arn) ?? [];
  if (owner === undefined) throw validation(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`);
  const table = owner === `${localRegion}:${account}` ? findTable(name, uses) : undefined;
  // The misspelling is DynamoDB's.
  if (!table)
    throw dynamoError("ResourceNotFoundException", `Requested resource not found: ResourcArn: ${arn} not found`);
  return table;
}

export const tagResource: JsonOperation<"tables" | "items" | "clock"> = (members, { tables, items, clock }) => {
  const table = findResource(members, { tables, items, clock });
  if (!members.has("Tags")) throw memberError("Tags", null, "Member must not be null");
  const tags = { ...table.tags, ...readTags(members, "Tags") };
  members.end();
  if (Object.keys(tags).length > maxTags) throw tooMany();
  tables.put(table.name, { ...table, tags });
  return undefined;
};

/** All tags are one page. */
export const listTagsOfResource: JsonOperation<"tables" | "items" | "clock"> = (members, uses) => {
  const { tags } = findResource(members, uses);
  members.end();
  return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
};
