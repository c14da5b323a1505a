/** The clock of an app's jobs: a schedule of EventBridge Scheduler that puts a tick into the queue each minute. */
import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  ListTagsForResourceCommand,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { UserError } from "../../framework/model/user-error.ts";
import type { Owner } from "../parts.ts";
import { retry } from "../retry.ts";
import { hasName, isConflict, isMissing, undefinedIfMissing } from "./aws-error.ts";
import type { Clients } from "./clients.ts";
import { queueArn } from "./job-queues.ts";
import { isOurs, ownerTags, type Place, stageName } from "./names.ts";

/** The schedule and its group. */
export interface FoundClock {
  /** Of the group, which alone can have tags. */
  readonly owner: "ours" | "taken";
  /** Undefined where the group has none. */
  readonly schedule: FoundSchedule | undefined;
}

interface FoundSchedule {
  /** ARN of the role with which it sends. */
  readonly roleArn: string | undefined;
  /** False for one that somebody turned off. */
  readonly isOn: boolean;
}

/** `app--stage`, of the group and of the schedule in it. */
export const clockName = stageName;

const groupArn = (owner: Owner, { account, region }: Place): string =>
  `arn:aws:scheduler:${region}:${account}:schedule-group/${clockName(owner)}`;

/** Two calls at once. */
export async function findClock(clients: Clients, owner: Owner, place: Place): Promise<FoundClock | undefined> {
  const [isMine, schedule] = await Promise.all([isOwn(clients, owner, place), readSchedule(clients, owner)]);
  return isMine === undefined ? undefined : { owner: isMine ? "ours" : "taken", schedule };
}

async function isOwn({ scheduler }: Clients, owner: Owner, place: Place): Promise<boolean | undefined> {
  const command = new ListTagsForResourceCommand({ ResourceArn: groupArn(owner, place) });
  const found = await scheduler.send(command).catch(undefinedIfMissing);
  return found && isOurs(owner, Object.fromEntries(found.Tags?.map(({ Key = "", Value = "" }) => [Key, Value]) ?? []));
}

async function readSchedule({ scheduler }: Clients, owner: Owner): Promise<FoundSchedule | undefined> {
  const name = clockName(owner);
  const found = await scheduler.send(new GetScheduleCommand({ GroupName: name, Name: name })).catch(undefinedIfMissing);
  return found && { roleArn: found.Target?.RoleArn, isOn: found.State !== "DISABLED" };
}

/** What the clock is made with. */
export interface ClockInput {
  readonly clients: Clients;
  readonly owner: Owner;
  readonly place: Place;
  readonly roleArn: string;
  /** Whether a role is so new that it may not be assumable yet. */
  readonly isFresh: () => boolean;
}

/**
 * No call where it ticks with this role. A group that is just being deleted is waited for. Throws UserError NAME_TAKEN.
 */
export async function ensureClock(input: ClockInput, found: FoundClock | undefined): Promise<void> {
  const { clients, owner, place, roleArn, isFresh } = input;
  const { scheduler, clock } = clients;
  if (found?.owner === "taken") throw clockTaken(owner);
  if (ticks(found?.schedule, roleArn)) return;
  const name = clockName(owner);
  // Others may make or delete it meanwhile: each attempt goes by what the one before met.
  let [hasGroup, isThere] = [found !== undefined, found?.schedule !== undefined];
  const isForNow = (error: unknown): boolean =>
    isConflict(error) || isMissing(error) || (hasName(error, "ValidationException") && isFresh());
  await retry({ clock }, isForNow, async () => {
    if (!hasGroup) await createGroup(input);
    hasGroup = true;
    const Command = isThere ? UpdateScheduleCommand : CreateScheduleCommand;
    try {
      await scheduler.send(
        new Command({
          GroupName: name,
          Name: name,
          // At each whole minute: a rate would begin when it is made ("Schedule types").
          ScheduleExpression: "cron(* * * * ? *)",
          FlexibleTimeWindow: { Mode: "OFF" },
          Target: {
            Arn: queueArn(owner, place),
            RoleArn: roleArn,
            Input: JSON.stringify({ tick: "<aws.scheduler.scheduled-time>" }),
          },
        }),
      );
    } catch (error) {
      if (isMissing(error)) [hasGroup, isThere] = [false, false];
      if (isConflict(error)) {
        const there = await readSchedule(clients, owner);
        // The answer to its making was lost.
        if (ticks(there, roleArn)) return;
        isThere = there !== undefined;
      }
      throw error;
    }
  });
}

const ticks = (schedule: FoundSchedule | undefined, roleArn: string): boolean =>
  schedule?.roleArn === roleArn && schedule.isOn;

async function createGroup({ clients, owner, place }: ClockInput): Promise<void> {
  const Tags = Object.entries(ownerTags(owner)).map(([Key, Value]) => ({ Key, Value }));
  try {
    await clients.scheduler.send(new CreateScheduleGroupCommand({ Name: clockName(owner), Tags }));
  } catch (error) {
    if (!isConflict(error)) throw error;
    if ((await isOwn(clients, owner, place)) === false) throw clockTaken(owner, error);
  }
}

const clockTaken = (owner: Owner, cause?: unknown): UserError =>
  new UserError(
    "NAME_TAKEN",
    `the schedule group ${clockName(owner)} exists in the account, and its tags do not name this app and stage`,
    "Rename the app or the stage, or remove that group yourself.",
    cause === undefined ? {} : { cause },
  );

/** The group stays until the stage is removed. */
export async function deleteSchedule({ scheduler, clock }: Clients, owner: Owner): Promise<void> {
  const command = new DeleteScheduleCommand({ GroupName: clockName(owner), Name: clockName(owner) });
  await retry({ clock }, isConflict, () => scheduler.send(command)).catch(undefinedIfMissing);
}

/** With the schedule in it. */
export async function deleteClock({ scheduler, clock }: Clients, owner: Owner): Promise<void> {
  const command = new DeleteScheduleGroupCommand({ Name: clockName(owner) });
  await retry({ clock }, isConflict, () => scheduler.send(command)).catch(undefinedIfMissing);
}
