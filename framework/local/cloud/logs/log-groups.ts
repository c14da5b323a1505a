/** CreateLogGroup, DescribeLogGroups, DeleteLogGroup, Put- and DeleteRetentionPolicy, and the tags of a group. */
import type { JsonOperation } from "../json-protocol.ts";
import type { Members } from "../members.ts";
import type { LogGroupRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { alreadyExists, complain, findGroup, invalidParameter, logGroupArn, notFound, readGroupName, readPage } from "./logs-error.ts";

/** Days that a group may keep its events (API reference, PutRetentionPolicy). */
const retentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

function readTags(members: Members): Readonly<Record<string, string>> {
  const tags = members.textMap("tags") ?? {};
  for (const [key, value] of Object.entries(tags)) {
    if (!/^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/iu.test(key))
      throw complain("tags", key, "Map keys must be tag keys, none of AWS's own");
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value)) throw complain("tags", value, "Map values must be tag values");
  }
  return checkCount(tags);
}

function checkCount(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (Object.keys(tags).length > 50) throw complain("tags", Object.keys(tags).length, "Map must have at most 50 entries");
  return tags;
}

export const createLogGroup: JsonOperation = (members, region) => {
  const name = readGroupName(members);
  members.text("logGroupClass", { oneOf: ["STANDARD"] });
  const tags = readTags(members);
  members.end();
  if (name.startsWith("aws/")) throw invalidParameter("Log groups starting with AWS/ are reserved for AWS.");
  if (region.state.logGroups.get(name)) throw alreadyExists("group");
  region.state.logGroups.put(name, { name, created: region.clock.now(), tags });
  return undefined;
};

function describe(group: LogGroupRecord, region: Region): Record<string, unknown> {
  const arn = logGroupArn(group.name);
  return {
    arn: `${arn}:*`,
    creationTime: group.created,
    logGroupArn: arn,
    logGroupClass: "STANDARD",
    logGroupName: group.name,
    metricFilterCount: 0,
    retentionInDays: group.retention,
    storedBytes: region.logs.streams(group.name).reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

export const describeLogGroups: JsonOperation = (members, region) => {
  const prefix = members.text("logGroupNamePrefix", { min: 1, max: 512 });
  const pattern = members.text("logGroupNamePattern", { max: 512 });
  if (prefix !== undefined && pattern !== undefined)
    throw invalidParameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  const all = region.state.logGroups
    .all()
    .filter(({ name }) => name.startsWith(prefix ?? "") && name.toLowerCase().includes((pattern ?? "").toLowerCase()));
  const page = readPage(members, all, ({ name }) => name);
  return { logGroups: page.items.map((group) => describe(group, region)), nextToken: page.next };
};

export const deleteLogGroup: JsonOperation = (members, region) => {
  const name = readGroupName(members);
  members.end();
  findGroup(name, region);
  region.state.logGroups.remove(name);
  region.logs.removeGroup(name);
  return undefined;
};

export const putRetentionPolicy: JsonOperation = (members, region) => {
  const name = readGroupName(members);
  const retention = members.integer("retentionInDays", 1, 3653);
  members.end();
  if (retention === undefined || !retentions.includes(retention))
    throw complain("retentionInDays", retention ?? null, `Member must satisfy enum value set: [${retentions.join(", ")}]`);
  region.state.logGroups.put(name, { ...findGroup(name, region), retention });
  return undefined;
};

export const deleteRetentionPolicy: JsonOperation = (members, region) => {
  const name = readGroupName(members);
  members.end();
  const { retention: _, ...group } = findGroup(name, region);
  region.state.logGroups.put(name, group);
  return undefined;
};

/** Epoch ms before which a group's events are gone. */
export function horizonOf({ retention }: LogGroupRecord, region: Region): number {
  return retention === undefined ? 0 : region.clock.now() - retention * 86_400_000;
}

/** Named by its ARN, without `:*`. */
function tagged(members: Members, region: Region): LogGroupRecord {
  const arn = members.requiredText("resourceArn", { min: 1, max: 1011 });
  const group = region.state.logGroups.all().find(({ name }) => logGroupArn(name) === arn);
  if (!group) throw notFound("group");
  return group;
}

export const tagResource: JsonOperation = (members, region) => {
  const group = tagged(members, region);
  const tags = checkCount({ ...group.tags, ...readTags(members) });
  members.end();
  region.state.logGroups.put(group.name, { ...group, tags });
  return undefined;
};

export const untagResource: JsonOperation = (members, region) => {
  const group = tagged(members, region);
  const gone = members.texts("tagKeys") ?? [];
  members.end();
  const tags = Object.fromEntries(Object.entries(group.tags).filter(([key]) => !gone.includes(key)));
  region.state.logGroups.put(group.name, { ...group, tags });
  return undefined;
};

export const listTagsForResource: JsonOperation = (members, region) => {
  const { tags } = tagged(members, region);
  members.end();
  return { tags };
};
