/** Schedules: CreateSchedule, GetSchedule, UpdateSchedule, ListSchedules and DeleteSchedule. */
import { isDeepStrictEqual } from "node:util";
import { scheduleArn } from "../arn.ts";
import type { Uses } from "../backends.ts";
import type { ScheduleRecord } from "./schedule-records.ts";
import type { RestCall, RestOperation } from "../rest-operation.ts";
import { exists, notFound, schedulerMembers } from "./errors.ts";
import { checkQueryToken, nameOf, queryText, readGroupName, readToken, requireGroupName } from "./parameters.ts";
import { requireGroup } from "./schedule-groups.ts";
import { describeSettings, readSettings, stateOf } from "./schedule-settings.ts";

type ScheduleUses = Uses<"scheduleGroups" | "schedules" | "clock">;

const idOf = ({ group, name }: Pick<ScheduleRecord, "group" | "name">): string => `${group}/${name}`;

/** Throws ResourceNotFoundException. */
function requireSchedule(group: string, name: string, uses: ScheduleUses): ScheduleRecord {
  requireGroup(group, uses);
  const schedule = uses.schedules.get(idOf({ group, name }));
  if (!schedule) throw notFound("Schedule", name);
  return schedule;
}

const ofQuery = (call: RestCall, uses: ScheduleUses): ScheduleRecord =>
  requireSchedule(requireGroupName("groupName", queryText(call, "groupName")), nameOf(call), uses);

export const createSchedule: RestOperation<"scheduleGroups" | "schedules" | "roles" | "clock"> = (
  call,
  { scheduleGroups, schedules, roles, clock },
) => {
  const name = nameOf(call);
  const members = schedulerMembers(call.members);
  const group = readGroupName(members);
  const settings = readSettings(members, { roles, clock });
  const clientToken = readToken(members);
  members.end();
  if (requireGroup(group, { scheduleGroups, schedules, clock }).deletedAt !== undefined)
    throw notFound("Schedule group", group);
  const found = schedules.get(idOf({ group, name }));
  const isRepeated =
    clientToken !== undefined && found?.clientToken === clientToken && isDeepStrictEqual(found.settings, settings);
  if (found && !isRepeated) throw exists("Schedule", name);
  const now = clock.now();
  if (!found)
    schedules.put(idOf({ group, name }), {
      group,
      name,
      created: now,
      modified: now,
      since: now,
      settings,
      ...(clientToken !== undefined && { clientToken }),
    });
  return { status: 200, body: { ScheduleArn: scheduleArn(group, name) } };
};

export const getSchedule: RestOperation<"scheduleGroups" | "schedules" | "clock"> = (call, uses) => {
  const schedule = ofQuery(call, uses);
  return { status: 200, body: { ...summaryOf(schedule), ...describeSettings(schedule.settings) } };
};

const summaryOf = ({ group, name, created, modified, settings }: ScheduleRecord): Record<string, unknown> => ({
  Arn: scheduleArn(group, name),
  GroupName: group,
  Name: name,
  State: stateOf(settings),
  // Epoch seconds, as the protocol writes times.
  CreationDate: created / 1000,
  LastModificationDate: modified / 1000,
});

/** Replaces all settings: those that the call leaves out get their defaults. */
export const updateSchedule: RestOperation<"scheduleGroups" | "schedules" | "roles" | "clock"> = (
  call,
  { scheduleGroups, schedules, roles, clock },
) => {
  const members = schedulerMembers(call.members);
  const group = readGroupName(members);
  const settings = readSettings(members, { roles, clock });
  readToken(members);
  members.end();
  const before = requireSchedule(group, nameOf(call), { scheduleGroups, schedules, clock });
  const now = clock.now();
  const since = before.settings.isEnabled ? before.since : now;
  schedules.put(idOf(before), { ...before, settings, modified: now, since });
  return { status: 200, body: { ScheduleArn: scheduleArn(group, before.name) } };
};

export const deleteSchedule: RestOperation<"scheduleGroups" | "schedules" | "clock"> = (call, uses) => {
  checkQueryToken(call);
  uses.schedules.remove(idOf(ofQuery(call, uses)));
  return { status: 200, body: {} };
};
