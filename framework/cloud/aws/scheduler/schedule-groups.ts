/** Schedule groups: CreateScheduleGroup, GetScheduleGroup, DeleteScheduleGroup and ListTagsForResource. */
import { isDeepStrictEqual } from "node:util";
import { isRecord, StructureReader } from "../../structure-reader.ts";
import { scheduleGroupArn } from "../arn.ts";
import type { Uses } from "../backends.ts";
import type { ScheduleGroupRecord } from "./schedule-records.ts";
import type { RestOperation } from "../rest-operation.ts";
import { exists, notFound, schedulerMembers, violation } from "./errors.ts";
import { checkQueryToken, nameOf, readToken } from "./parameters.ts";

const maxTags = 200;

export type GroupUses = Uses<"scheduleGroups" | "schedules" | "clock">;

/** A group, or undefined; one whose deletion is complete is removed with its schedules. */
function findGroup(name: string, { scheduleGroups, schedules, clock }: GroupUses): ScheduleGroupRecord | undefined {
  const group = scheduleGroups.get(name);
  if (group?.deletedAt === undefined || clock.now() < group.deletedAt) return group;
  // The group goes first: a kill in between leaves schedules without one, which go at the next start.
  scheduleGroups.remove(name);
  for (const id of schedules.ids()) if (id.startsWith(`${name}/`)) schedules.remove(id);
  return undefined;
}

/** Throws ResourceNotFoundException. */
export function requireGroup(name: string, uses: GroupUses): ScheduleGroupRecord {
  const group = findGroup(name, uses);
  if (!group) throw notFound("Schedule group", name);
  return group;
}

function readTags(members: StructureReader): Readonly<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (const item of members.list("Tags") ?? []) {
    if (!isRecord(item)) throw violation("Tags", item, "Member must be a structure");
    const tag = new StructureReader(item, (member, value, rule) => violation(`Tags.${member}`, value, rule));
    const key = tag.requiredText("Key", { min: 1, max: 128, pattern: /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/iu });
    tags[key] = tag.requiredText("Value", { max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u });
    tag.end();
  }
  if (Object.keys(tags).length > maxTags)
    throw violation("Tags", tags, "Member must have length less than or equal to 200");
  return tags;
}

export const createScheduleGroup: RestOperation<"scheduleGroups" | "schedules" | "clock"> = (
  call,
  { scheduleGroups, schedules, clock },
) => {
  const name = nameOf(call);
  const members = schedulerMembers(call.members);
  const tags = readTags(members);
  const clientToken = readToken(members);
  members.end();
  const found = findGroup(name, { scheduleGroups, schedules, clock });
  const isRepeated = found?.deletedAt === undefined && clientToken !== undefined && found?.clientToken === clientToken;
  if (found && !(isRepeated && isDeepStrictEqual(found.tags, tags))) throw exists("Schedule group", name);
  const created = clock.now();
  if (!found) scheduleGroups.put(name, { name, created, tags, ...(clientToken !== undefined && { clientToken }) });
  return { status: 200, body: { ScheduleGroupArn: scheduleGroupArn(name) } };
};

/** Deletes the group's schedules, too. */
export const deleteScheduleGroup: RestOperation<"scheduleGroups" | "schedules" | "clock" | "latency"> = (
  call,
  { scheduleGroups, schedules, clock, latency },
) => {
  checkQueryToken(call);
  const group = requireGroup(nameOf(call), { scheduleGroups, schedules, clock });
  if (group.deletedAt === undefined)
    scheduleGroups.put(group.name, { ...group, deletedAt: clock.now() + latency.scheduleGroup });
  // Removes it at once where deletions take no time.
  findGroup(group.name, { scheduleGroups, schedules, clock });
  return { status: 200, body: {} };
};

/** Only groups have tags. */
export const listTagsForResource: RestOperation<"scheduleGroups" | "schedules" | "clock"> = (call, uses) => {
  const arn = call.path["ResourceArn"] ?? "";
  const name = arn.split("/").at(-1) ?? "";
  if (arn !== scheduleGroupArn(name)) throw violation("ResourceArn", arn, "Member must be the ARN of a schedule group");
  const { tags } = requireGroup(name, uses);
  return { status: 200, body: { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) } };
};
