/** The settings of a schedule as CreateSchedule and UpdateSchedule take them, and as GetSchedule shows them. */
import type { Uses } from "../backends.ts";
import { queueArn } from "../arn.ts";
import { trustsService } from "../iam/trust-policy.ts";
import type { ScheduleSettings } from "./schedule-records.ts";
import type { StructureReader } from "../../structure-reader.ts";
import { invalid, violation } from "./errors.ts";

/** Each minute. */
const everyMinute = "cron(* * * * ? *)";

/** In an input: the minute, as `2026-11-29T00:00:00Z` (user guide, "Adding context attributes"). */
export const scheduledTime = "<aws.scheduler.scheduled-time>";

/** Seconds: 1 minute, 24 hours. */
const minEventAge = 60;
const maxEventAge = 86_400;
const maxRetries = 185;

/** Throws ValidationException, also for what the local cloud's schedules cannot do. */
export function readSettings(members: StructureReader, uses: Uses<"roles" | "clock">): ScheduleSettings {
  const expression = members.requiredText("ScheduleExpression", { min: 1, max: 256 });
  if (expression !== everyMinute)
    throw violation("ScheduleExpression", expression, `Portico's local cloud has schedules of ${everyMinute} only`);
  const window = required(members, "FlexibleTimeWindow");
  const mode = window.requiredText("Mode", { oneOf: ["OFF", "FLEXIBLE"] });
  window.end();
  if (mode !== "OFF")
    throw violation("FlexibleTimeWindow.Mode", mode, "Portico's local cloud has schedules with OFF only");
  const state = members.text("State", { oneOf: ["ENABLED", "DISABLED"] }) ?? "ENABLED";
  return { expression, isEnabled: state === "ENABLED", ...readTarget(required(members, "Target"), uses) };
}

function required(members: StructureReader, name: string): StructureReader {
  const structure = members.structure(name);
  if (!structure) throw violation(name, null, "Member must not be null");
  return structure;
}

function readTarget(
  target: StructureReader,
  { roles, clock }: Uses<"roles" | "clock">,
): Omit<ScheduleSettings, "expression" | "isEnabled"> {
  const arn = target.requiredText("Arn", { min: 1, max: 1600 });
  const roleArn = target.requiredText("RoleArn", {
    min: 1,
    max: 1600,
    pattern: /^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/,
  });
  const input = target.requiredText("Input", { min: 1 });
  const retry = target.structure("RetryPolicy");
  const maximumEventAge = retry?.integer("MaximumEventAgeInSeconds", minEventAge, maxEventAge) ?? maxEventAge;
  const maximumRetries = retry?.integer("MaximumRetryAttempts", 0, maxRetries) ?? maxRetries;
  retry?.end();
  target.end();
  if (arn !== queueArn(arn.split(":").at(-1)!))
    throw violation("Target.Arn", arn, "Portico's local cloud has schedules that send to its SQS queues only");
  const [attribute] = input.replaceAll(scheduledTime, "").match(/<aws\.[\w.-]+>/) ?? [];
  if (attribute !== undefined)
    throw violation("Target.Input", attribute, `Portico's local cloud fills in ${scheduledTime} only`);
  const role = roles.all().find((one) => one.arn === roleArn);
  if (!role || clock.now() < role.readyAt || !trustsService(role.trust, "scheduler.amazonaws.com"))
    throw invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.");
  return { queueArn: arn, roleArn, input, maximumEventAge, maximumRetries };
}

/** As GetSchedule shows them. */
export const describeSettings = (settings: ScheduleSettings): Record<string, unknown> => ({
  ScheduleExpression: settings.expression,
  ScheduleExpressionTimezone: "UTC",
  State: stateOf(settings),
  FlexibleTimeWindow: { Mode: "OFF" },
  ActionAfterCompletion: "NONE",
  Target: {
    Arn: settings.queueArn,
    RoleArn: settings.roleArn,
    Input: settings.input,
    RetryPolicy: {
      MaximumEventAgeInSeconds: settings.maximumEventAge,
      MaximumRetryAttempts: settings.maximumRetries,
    },
  },
});

export const stateOf = ({ isEnabled }: ScheduleSettings): string => (isEnabled ? "ENABLED" : "DISABLED");
