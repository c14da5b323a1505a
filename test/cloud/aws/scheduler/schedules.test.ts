/** EventBridge Scheduler through the SDK's client: groups and schedules, and the messages of each minute. */
// @module-tag check
import { DeleteRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  ConflictException,
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  ListScheduleGroupsCommand,
  ListTagsForResourceCommand,
  ResourceNotFoundException,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { afterEach, expect, it } from "vitest";
import type { CloudOptions } from "../../../../framework/cloud/cloud.ts";
import type { Fault } from "../../../../framework/cloud/fault.ts";
import { until } from "../../../until.ts";
import { clientsOf, type Lab, openLab, refusalOf, roleArn as lambdaRole } from "../../lab.ts";
import { makeSchedulerRole } from "./scheduler-role.ts";

const minute = 60_000;
/** Ten seconds after a minute, so that no test sees another minute than its own. */
const beginning = Date.parse("2026-11-29T00:00:10Z");

let lab: Lab;
let QueueUrl: string | undefined;
let RoleArn: string;
let now = beginning;
/** What the cloud does again and again. */
const repeated = new Set<() => void>();
const look = (): void => {
  for (const run of repeated) run();
};
const lines: string[] = [];
afterEach(() => lab.close());

/** A cloud whose clock stands still and looks when the test says, with a group and a queue. */
async function open(options: Partial<CloudOptions> = {}): Promise<void> {
  [now, lines.length] = [beginning, 0];
  repeated.clear();
  lab = await openLab({
    clock: {
      now: () => now,
      sleep: async () => {},
      every(_, run) {
        repeated.add(run);
        return () => repeated.delete(run);
      },
    },
    onLog: (line) => lines.push(line),
    ...options,
  });
  RoleArn = await makeSchedulerRole(lab);
  ({ QueueUrl } = await lab.sqs.send(new CreateQueueCommand({ QueueName: "app--dev" })));
}

const Name = "tick";
const GroupName = "app--dev";
const inGroup = { Name, GroupName };
const makeGroup = (change: object = {}) =>
  lab.scheduler.send(new CreateScheduleGroupCommand({ Name: GroupName, ...change }));
const settings = (change: Partial<CreateScheduleCommandInput> = {}): CreateScheduleCommandInput => ({
  ...inGroup,
  ScheduleExpression: "cron(* * * * ? *)",
  FlexibleTimeWindow: { Mode: "OFF" },
  Target: target(),
  ...change,
});
const target = (change: object = {}) => ({
  Arn: "arn:aws:sqs:us-east-1:000000000000:app--dev",
  RoleArn,
  Input: '{"tick":"<aws.scheduler.scheduled-time>"}',
  ...change,
});
const create = (change: Partial<CreateScheduleCommandInput> = {}) =>
  lab.scheduler.send(new CreateScheduleCommand(settings(change)));
const get = () => lab.scheduler.send(new GetScheduleCommand(inGroup));
/** The minutes of the messages that came. */
async function ticks(): Promise<readonly string[]> {
  const receive = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 43_200 };
  const { Messages = [] } = await lab.sqs.send(new ReceiveMessageCommand(receive));
  return Messages.map(({ Body }) => (JSON.parse(Body!) as { tick: string }).tick).toSorted((one, other) =>
    one < other ? -1 : 1,
  );
}

it("keeps a group with its tags, and deletes it with its schedules", async () => {
  await open({ latency: { scheduleGroup: minute } });
  const { ScheduleGroupArn } = await makeGroup({ Tags: [{ Key: "portico:app", Value: "app" }] });
  expect(ScheduleGroupArn).toBe("arn:aws:scheduler:us-east-1:000000000000:schedule-group/app--dev");
  await expect(makeGroup()).rejects.toBeInstanceOf(ConflictException);
  await create();
  // The cloud before it, which was killed, does nothing more.
  repeated.clear();
  await lab.restart();
  const getTags = () => lab.scheduler.send(new ListTagsForResourceCommand({ ResourceArn: ScheduleGroupArn }));
  expect(await getTags()).toMatchObject({ Tags: [{ Key: "portico:app", Value: "app" }] });
  await lab.scheduler.send(new DeleteScheduleGroupCommand({ Name: GroupName }));
  // It is being deleted.
  expect(await getTags()).toMatchObject({ Tags: [{ Key: "portico:app", Value: "app" }] });
  await expect(makeGroup()).rejects.toBeInstanceOf(ConflictException);
  await expect(create({ Name: "other" })).rejects.toBeInstanceOf(ResourceNotFoundException);
  now += minute;
  await expect(getTags()).rejects.toBeInstanceOf(ResourceNotFoundException);
  await makeGroup();
  await expect(get()).rejects.toBeInstanceOf(ResourceNotFoundException);
});

it("makes a schedule once: a call with the same token may be repeated, another one may not", async () => {
  await open();
  await expect(create()).rejects.toMatchObject({ message: "Schedule group app--dev does not exist." });
  for (const _ of [1, 2]) await makeGroup({ ClientToken: "a" });
  await expect(makeGroup({ ClientToken: "a", Tags: [{ Key: "b", Value: "" }] })).rejects.toBeInstanceOf(
    ConflictException,
  );
  for (const _ of [1, 2])
    expect(await create({ ClientToken: "one" })).toMatchObject({
      ScheduleArn: "arn:aws:scheduler:us-east-1:000000000000:schedule/app--dev/tick",
    });
  await expect(create({ ClientToken: "two" })).rejects.toMatchObject({ message: "Schedule tick already exists." });
  await expect(create({ ClientToken: "one", State: "DISABLED" })).rejects.toBeInstanceOf(ConflictException);
  const RetryPolicy = { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 };
  const { $metadata: _, ...found } = await get();
  expect(found).toEqual({
    ...settings(),
    Arn: "arn:aws:scheduler:us-east-1:000000000000:schedule/app--dev/tick",
    Target: target({ RetryPolicy }),
    State: "ENABLED",
    ScheduleExpressionTimezone: "UTC",
    ActionAfterCompletion: "NONE",
    CreationDate: new Date(beginning),
    LastModificationDate: new Date(beginning),
  });
  now += minute;
  await lab.scheduler.send(new UpdateScheduleCommand(settings({ State: "DISABLED" })));
  expect(await get()).toMatchObject({ State: "DISABLED", LastModificationDate: new Date(now) });
  await lab.scheduler.send(new DeleteScheduleCommand(inGroup));
  await expect(lab.scheduler.send(new DeleteScheduleCommand(inGroup))).rejects.toMatchObject({
    message: "Schedule tick does not exist.",
  });
});

it("sends a message at each minute, on the cloud's clock, with the minute in it", async () => {
  await open();
  await makeGroup();
  await create();
  look();
  expect(await ticks()).toEqual([]);
  now = Date.parse("2026-11-29T00:01:00Z");
  look();
  look();
  expect(await ticks()).toEqual(["2026-11-29T00:01:00Z"]);
  now += 3 * minute + 59_000;
  look();
  const made = ["2026-11-29T00:02:00Z", "2026-11-29T00:03:00Z", "2026-11-29T00:04:00Z"];
  expect(await ticks()).toEqual(made);
  // After a long sleep of the machine only an hour is made up for.
  now += 24 * 60 * minute;
  look();
  // A new client, since the old one still has the cloud's clock of the day before.
  const { sqs } = clientsOf(lab.cloud);
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  expect(Attributes?.ApproximateNumberOfMessages).toBe(String(60 + made.length + 1));
});

it("sends nothing while it is disabled, and begins with the minute after it is enabled", async () => {
  await open();
  await makeGroup();
  await create({ State: "DISABLED" });
  now += minute;
  look();
  await lab.scheduler.send(new UpdateScheduleCommand(settings()));
  // The cloud before it, which was killed, does nothing more.
  repeated.clear();
  await lab.restart();
  now += minute;
  look();
  expect(await ticks()).toEqual(["2026-11-29T00:02:00Z"]);
  await lab.scheduler.send(new DeleteScheduleGroupCommand({ Name: GroupName }));
  now += minute;
  look();
  expect(await ticks()).toEqual([]);
});

it("sends as its role may, and tells once that it may not", async () => {
  await open();
  await makeGroup();
  await create();
  await lab.iam.send(new DeleteRolePolicyCommand({ RoleName: "scheduler", PolicyName: "send" }));
  for (const _ of [1, 2]) {
    now += minute;
    look();
  }
  await until(() => lines.length > 0);
  expect(lines).toEqual([
    expect.stringMatching(
      /schedule\/app--dev\/tick sends nothing: User: .*:assumed-role\/scheduler\/app--dev-tick is not/,
    ),
  ]);
  expect(await ticks()).toEqual([]);
});

it("takes faults: a lost answer has taken effect, and a client repeats it with its token", async () => {
  const faults = new Map<string, Fault>([
    ["CreateScheduleGroup", { kind: "lose" }],
    ["DeleteSchedule", { kind: "refuse", status: 429, code: "ThrottlingException", message: "slow" }],
  ]);
  await open({ fault: ({ operation }) => faults.get(operation) });
  expect(await refusalOf(makeGroup({ ClientToken: "a" }))).toMatchObject({ status: undefined });
  faults.delete("CreateScheduleGroup");
  await makeGroup({ ClientToken: "a" });
  await create();
  expect(await refusalOf(lab.scheduler.send(new DeleteScheduleCommand(inGroup)))).toEqual({
    name: "ThrottlingException",
    status: 429,
    message: "slow",
  });
  expect(await get()).toMatchObject({ State: "ENABLED" });
});

it("needs a role that trusts it, and refuses by name what it does not do", async () => {
  await open();
  await makeGroup();
  const refused: readonly (readonly [Partial<CreateScheduleCommandInput>, string])[] = [
    [{ ScheduleExpression: "rate(1 minute)" }, "scheduleExpression"],
    [{ ScheduleExpression: "cron(0 9 * * ? *)" }, "has schedules of cron(* * * * ? *) only"],
    [{ ScheduleExpressionTimezone: "Asia/Seoul" }, "scheduleExpressionTimezone"],
    [{ FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 5 } }, "maximumWindowInMinutes"],
    [{ FlexibleTimeWindow: { Mode: "FLEXIBLE" } }, "flexibleTimeWindow.Mode"],
    [{ GroupName: undefined }, "groupName"],
    [{ Name: "a b" }, "name"],
    [{ Target: target({ Arn: "arn:aws:lambda:us-east-1:000000000000:function:f" }) }, "target.Arn"],
    [{ Target: target({ Input: "<aws.scheduler.execution-id>" }) }, "<aws.scheduler.execution-id>"],
    [{ Target: target({ DeadLetterConfig: {} }) }, "target.DeadLetterConfig"],
    [{ Target: target({ RetryPolicy: { MaximumRetryAttempts: 186 } }) }, "target.RetryPolicy.MaximumRetryAttempts"],
    [{ Target: target({ RoleArn: lambdaRole }) }, "must allow AWS EventBridge Scheduler to assume the role"],
    [{ Target: target({ RoleArn: `${RoleArn}2` }) }, "must allow AWS EventBridge Scheduler to assume the role"],
  ];
  for (const [change, message] of refused)
    expect((await refusalOf(create(change))).message.toLowerCase(), message).toContain(message.toLowerCase());
  const other = lab.scheduler.send(new ListScheduleGroupsCommand({}));
  expect(await refusalOf(other)).toMatchObject({ message: expect.stringContaining("GET /schedule-groups") });
});
