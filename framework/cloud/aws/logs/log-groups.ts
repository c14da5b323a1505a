/** Log groups: CreateLogGroup, DescribeLogGroups, DeleteLogGroup and PutRetentionPolicy. */
import type { JsonOperation } from "../json-protocol.ts";
import type { StructureReader } from "../../structure-reader.ts";
import type { LogGroupRecord } from "../records.ts";
import type { LogStore } from "./log-store.ts";
import {
  alreadyExists,
  memberError,
  findGroup,
  invalidParameter,
  logGroupArn,
  readGroupName,
  readPage,
} from "./errors.ts";

/** Days that a group may keep its events (API reference, PutRetentionPolicy). */
const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

function readTags(members: StructureReader): Readonly<Record<string, string>> {
  const tags = members.textMap("tags") ?? {};
  for (const [key, value] of Object.entries(tags)) {
    if (!/^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/iu.test(key))
      throw memberError("tags", key, "Map keys must be tag keys, without the prefix aws:");
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value))
      throw memberError("tags", value, "Map values must be tag values");
  }
  if (Object.keys(tags).length > 50)
    throw memberError("tags", Object.keys(tags).length, "Map must have at most 50 entries");
  return tags;
}

export const createLogGroup: JsonOperation<"logGroups" | "clock"> = (members, { logGroups, clock }) => {
  const name = readGroupName(members);
  members.text("logGroupClass", { oneOf: ["STANDARD"] });
  const tags = readTags(members);
  members.end();
  if (name.startsWith("aws/")) throw invalidParameter("Log groups starting with AWS/ are reserved for AWS.");
  if (logGroups.get(name)) throw alreadyExists("group");
  logGroups.put(name, { name, created: clock.now(), tags });
  return undefined;
};

function describe(group: LogGroupRecord, logs: LogStore): Record<string, unknown> {
  const arn = logGroupArn(group.name);
  return {
    arn: `${arn}:*`,
    creationTime: group.created,
    logGroupArn: arn,
    logGroupClass: "STANDARD",
    logGroupName: group.name,
    metricFilterCount: 0,
    retentionInDays: group.retention,
    storedBytes: logs.streams(group.name).reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

export const describeLogGroups: JsonOperation<"logGroups" | "logs"> = (members, { logGroups, logs }) => {
  const prefix = members.text("logGroupNamePrefix", { min: 1, max: 512 });
  const pattern = members.text("logGroupNamePattern", { max: 512 });
  if (prefix !== undefined && pattern !== undefined)
    throw invalidParameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  const all = logGroups
    .all()
    .filter(({ name }) => name.startsWith(prefix ?? "") && name.toLowerCase().includes((pattern ?? "").toLowerCase()));
  const page = readPage(members, all, ({ name }) => name);
  return { logGroups: page.items.map((group) => describe(group, logs)), nextToken: page.next };
};

export const deleteLogGroup: JsonOperation<"logGroups" | "logs"> = (members, { logGroups, logs }) => {
  const name = readGroupName(members);
  members.end();
  findGroup(name, logGroups);
  logGroups.remove(name);
  logs.removeGroup(name);
  return undefined;
};

export const putRetentionPolicy: JsonOperation<"logGroups"> = (members, { logGroups }) => {
  const name = readGroupName(members);
  const retention = members.integer("retentionInDays", 1, 3653);
  members.end();
  if (retention === undefined || !retentions.includes(retention))
    throw memberError(
      "retentionInDays",
      retention ?? null,
      `Member must satisfy enum value set: [${retentions.join(", ")}]`,
    );
  logGroups.put(name, { ...findGroup(name, logGroups), retention });
  return undefined;
};

/** Time (epoch ms) before which a group's events have expired. */
export function expiryOf({ retention }: LogGroupRecord, now: number): number {
  return retention === undefined ? 0 : now - retention * 86_400_000;
}
