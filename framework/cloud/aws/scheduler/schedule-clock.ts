/** The clock of EventBridge Scheduler: sends the message of each enabled schedule at each minute, as its role may. */
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import { createQueueCalls } from "../../../emulation/sqs/data-plane.ts";
import { systemClock } from "../../clock.ts";
import { account, scheduleArn } from "../arn.ts";
import type { Uses } from "../backends.ts";
import { trustsService } from "../iam/trust-policy.ts";
import type { ScheduleRecord } from "./schedule-records.ts";
import { callerOf } from "../role-session.ts";
import { scheduledTime } from "./schedule-settings.ts";

/** The collections and backends of the clock. */
export type ScheduledUseName = "scheduleGroups" | "schedules" | "roles" | "queuePlane" | "clock";

/** Who hears of a message that is not sent. */
interface ScheduleReports {
  /** Gets a line for the user when a schedule begins to fail. */
  readonly onLog: (line: string) => void;
  readonly onError: (error: unknown) => void;
}

const minute = 60_000;
const lookEvery = 1000;
/** Minutes that are made up for after the machine slept, or its clock was moved. */
const madeUp = 60;

/** Minutes in which the cloud does not run are nobody's. Returns a function that stops it. */
export function startScheduleClock(uses: Uses<ScheduledUseName>, { onLog, onError }: ScheduleReports): () => void {
  const { schedules, scheduleGroups, clock } = uses;
  const failing = new Set<string>();
  let since = clock.now();
  const run = async (schedule: ScheduleRecord, time: number): Promise<void> => {
    const arn = scheduleArn(schedule.group, schedule.name);
    try {
      await send(schedule, time, uses);
      failing.delete(arn);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (!failing.has(arn)) onLog(`${arn} sends nothing: ${error.message}`);
      failing.add(arn);
    }
  };
  const look = (): void => {
    const now = clock.now();
    const first = Math.max(Math.floor(since / minute) + 1, Math.floor(now / minute) - madeUp + 1);
    since = now;
    for (let time = first * minute; time <= now; time += minute)
      for (const schedule of schedules.all()) {
        const isDue = schedule.settings.isEnabled && schedule.since < time;
        const isKept = scheduleGroups.get(schedule.group)?.deletedAt === undefined;
        if (isDue && isKept) run(schedule, time).catch(onError);
      }
  };
  return (clock.every ?? systemClock.every)(lookEvery, look);
}

/** Rejects with AwsError where AWS would drop the message: no role, no trust, no permission, no queue. */
async function send(
  { group, name, settings }: ScheduleRecord,
  time: number,
  { roles, queuePlane }: Uses<"roles" | "queuePlane">,
): Promise<void> {
  const role = roles.all().find(({ arn }) => arn === settings.roleArn);
  if (!role || !trustsService(role.trust, "scheduler.amazonaws.com"))
    throw new AwsError("AccessDenied", 403, `Scheduler cannot assume the role ${settings.roleArn}`);
  const queue = settings.queueArn.split(":").at(-1);
  await createQueueCalls(queuePlane)({
    operation: "SendMessage",
    members: {
      QueueUrl: `http://127.0.0.1/${account}/${queue}`,
      MessageBody: settings.input.replaceAll(scheduledTime, new Date(time).toISOString().replace(".000Z", "Z")),
    },
    caller: callerOf({ role: role.name, session: `${group}-${name}` }, roles),
  });
}
