/** Event source mappings through the SDK's client: their states, what they refuse, and what they deliver. */
// @module-tag check
import { DeleteRolePolicyCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateAliasCommand,
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  ListTagsCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionCodeCommand,
} from "@aws-sdk/client-lambda";
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterEach, expect, it } from "vitest";
import type { CloudOptions } from "../../../../framework/cloud/cloud.ts";
import type { InvocationResult, LambdaRuntime } from "../../../../framework/emulation/lambda/invocation.ts";
import type { SqsEvent } from "../../../../framework/emulation/sqs/poller.ts";
import { runActions } from "../../../../framework/model/job-queue.ts";
import { until } from "../../../until.ts";
import { answering, type Lab, makeFunction, noRuntime, openLab, refusalOf } from "../../lab.ts";

const queueArn = "arn:aws:sqs:us-east-1:000000000000:app--dev";
const aliasArn = "arn:aws:lambda:us-east-1:000000000000:function:jobs:live";

interface Run {
  readonly arn: string;
  readonly version: string | undefined;
  readonly record: SqsEvent["Records"][0];
  /** Ends it; a text is the name of an error. */
  end(result?: unknown): void;
}

let lab: Lab;
let runs: Run[] = [];
afterEach(async () => {
  for (const { end } of runs) end("ended");
  await lab.close();
});

/** A runtime whose invocations end as the test says. */
const runtime: LambdaRuntime = {
  ...noRuntime,
  invoke: (_, event, { arn, version }) =>
    new Promise<InvocationResult>((done) => {
      const [record] = (JSON.parse(Buffer.from(event).toString()) as SqsEvent).Records;
      const end: Run["end"] = (result) =>
        done({
          payload: Buffer.from(JSON.stringify(typeof result === "string" ? { errorType: result } : (result ?? null))),
          cold: false,
          durationMs: 1,
          ...(result === "throttled" && { throttled: true }),
          ...(typeof result === "string" && { functionError: "Unhandled" }),
        });
      runs.push({ arn, version, record, end });
    }),
};

/** A cloud with a queue of 60 s of visibility, and a function `jobs` whose alias `live` is version 1. */
async function open(options: Partial<CloudOptions> = {}): Promise<string | undefined> {
  runs = [];
  lab = await openLab({ runtime, ...options });
  await lab.sqs.send(new CreateQueueCommand({ QueueName: "app--dev-dead" }));
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: `${queueArn}-dead`, maxReceiveCount: 2 });
  const Attributes = { VisibilityTimeout: "60", RedrivePolicy };
  const { QueueUrl } = await lab.sqs.send(new CreateQueueCommand({ QueueName: "app--dev", Attributes }));
  await allow();
  await makeFunction(lab, "jobs", { Publish: true, Timeout: 60 });
  await lab.lambda.send(new CreateAliasCommand({ FunctionName: "jobs", Name: "live", FunctionVersion: "1" }));
  return QueueUrl;
}

const policy = { RoleName: "lab", PolicyName: "jobs" };
const allow = (Action: readonly string[] = runActions) =>
  lab.iam.send(
    new PutRolePolicyCommand({
      ...policy,
      PolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action, Resource: queueArn }],
      }),
    }),
  );
const create = (change: Partial<CreateEventSourceMappingCommandInput> = {}) =>
  lab.lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: aliasArn,
      EventSourceArn: queueArn,
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: 2 },
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ...change,
    }),
  );
const get = (UUID: string | undefined) => lab.lambda.send(new GetEventSourceMappingCommand({ UUID }));
const update = (UUID: string | undefined, change: object) =>
  lab.lambda.send(new UpdateEventSourceMappingCommand({ UUID, ...change }));
const remove = (UUID: string | undefined) => lab.lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
const send = (QueueUrl: string | undefined, MessageBody: string) =>
  lab.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
const counts = async (QueueUrl: string | undefined) => {
  const input = { QueueUrl, AttributeNames: ["All"] as ["All"] };
  const { Attributes } = await lab.sqs.send(new GetQueueAttributesCommand(input));
  const of = (name: "" | "NotVisible") => Number(Attributes?.[`ApproximateNumberOfMessages${name}`]);
  return [of(""), of("NotVisible")];
};
const started = (count: number) => until(() => runs.length === count);
const bodies = () => runs.map(({ record }) => record.body);

it("has the states of AWS, refuses changes meanwhile, and is kept over a restart", async () => {
  await open({ latency: { mapping: 60_000 } });
  const created = await create({ Tags: { "portico:app": "app" } });
  expect(created).toMatchObject({
    State: "Creating",
    StateTransitionReason: "USER_INITIATED",
    FunctionArn: aliasArn,
    EventSourceArn: queueArn,
    BatchSize: 1,
    ScalingConfig: { MaximumConcurrency: 2 },
    FunctionResponseTypes: ["ReportBatchItemFailures"],
    LastModified: expect.any(Date),
  });
  const { UUID } = created;
  const inUse = { name: "ResourceInUseException", status: 400 };
  expect(await refusalOf(remove(UUID))).toMatchObject(inUse);
  expect(await refusalOf(create({ ScalingConfig: { MaximumConcurrency: 3 } }))).toEqual({
    name: "ResourceConflictException",
    status: 409,
    message:
      `An event source mapping with SQS arn (" ${queueArn} ") and function (" jobs:live ") already exists. ` +
      `Please update or delete the existing mapping with UUID ${UUID}`,
  });
  lab.ahead += 61_000;
  await lab.restart();
  expect(await get(UUID)).toMatchObject({ State: "Enabled" });
  const { Tags } = await lab.lambda.send(new ListTagsCommand({ Resource: created.EventSourceMappingArn }));
  expect(Tags).toEqual({ "portico:app": "app" });
  expect(await update(UUID, { ScalingConfig: { MaximumConcurrency: 5 } })).toMatchObject({ State: "Updating" });
  expect(await refusalOf(update(UUID, { Enabled: false }))).toMatchObject(inUse);
  lab.ahead += 61_000;
  expect(await update(UUID, { Enabled: false })).toMatchObject({ State: "Disabling" });
  lab.ahead += 61_000;
  expect(await get(UUID)).toMatchObject({ State: "Disabled", ScalingConfig: { MaximumConcurrency: 5 } });
  expect(await remove(UUID)).toMatchObject({ State: "Deleting" });
  expect(await get(UUID)).toMatchObject({ State: "Deleting" });
  expect(await refusalOf(create())).toMatchObject({ name: "ResourceConflictException" });
  lab.ahead += 61_000;
  expect(await refusalOf(get(UUID))).toMatchObject({ name: "ResourceNotFoundException", status: 404 });
  await create();
});

it("is listed by its queue and its function", async () => {
  await open();
  const { UUID } = await create();
  const list = async (filter: object) =>
    (await lab.lambda.send(new ListEventSourceMappingsCommand(filter))).EventSourceMappings!.map((one) => one.UUID);
  expect(await list({})).toEqual([UUID]);
  expect(await list({ EventSourceArn: queueArn, FunctionName: aliasArn })).toEqual([UUID]);
  expect(await list({ FunctionName: "jobs" })).toEqual([]);
  expect(await list({ EventSourceArn: `${queueArn}-dead` })).toEqual([]);
  expect(await refusalOf(list({ FunctionName: "other" }))).toMatchObject({ name: "ResourceNotFoundException" });
});

it("needs a queue, permissions and a visibility that are enough, and refuses what it does not do", async () => {
  await open();
  await makeFunction(lab, "slow", { Timeout: 61 });
  const invalid = "InvalidParameterValueException";
  const refused: readonly (readonly [Partial<CreateEventSourceMappingCommandInput>, string, string])[] = [
    [
      { FunctionName: "slow" },
      invalid,
      "Queue visibility timeout: 60 seconds is less than Function timeout: 61 seconds",
    ],
    [{ FunctionName: "none" }, "ResourceNotFoundException", "Function not found"],
    [{ EventSourceArn: `${queueArn}-dead` }, invalid, "permissions to call ReceiveMessage on SQS"],
    [{ EventSourceArn: queueArn.replace("sqs", "kinesis") }, "ValidationException", "eventSourceArn"],
    [{ BatchSize: 10 }, "ValidationException", "batchSize"],
    [{ BatchSize: undefined }, "ValidationException", "batchSize"],
    [{ ScalingConfig: { MaximumConcurrency: 1 } }, "ValidationException", "scalingConfig.MaximumConcurrency"],
    [{ ScalingConfig: { MaximumConcurrency: 1001 } }, "ValidationException", "scalingConfig.MaximumConcurrency"],
    [{ ScalingConfig: undefined }, "ValidationException", "scalingConfig.MaximumConcurrency"],
    [{ FilterCriteria: { Filters: [] } }, "ValidationException", "filterCriteria"],
    [{ MaximumBatchingWindowInSeconds: 1 }, "ValidationException", "maximumBatchingWindowInSeconds"],
  ];
  for (const [change, name, message] of refused)
    expect(await refusalOf(create(change)), message).toMatchObject({ name, message: expect.stringContaining(message) });
  await allow(runActions.filter((action) => action !== "sqs:DeleteMessage"));
  expect(await refusalOf(create())).toMatchObject({
    name: invalid,
    message: "The function execution role does not have permissions to call DeleteMessage on SQS",
  });
  await allow(["sqs:*"]);
  const { UUID } = await create();
  expect(await refusalOf(update(UUID, { BatchSize: 1 }))).toMatchObject({
    message: expect.stringMatching(/batchSize/),
  });
});

it("invokes the alias's version with each message, and deletes what the function took", async () => {
  const QueueUrl = await open();
  await create();
  await send(QueueUrl, "one");
  await started(1);
  expect(runs[0]).toMatchObject({
    arn: aliasArn,
    version: "1",
    record: { body: "one", eventSourceARN: queueArn, attributes: { ApproximateReceiveCount: "1" } },
  });
  runs[0]!.end();
  await until(async () => (await counts(QueueUrl)).join() === "0,0");
  const ZipFile = answering("new");
  await lab.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: "jobs", ZipFile }));
  await lab.lambda.send(new PublishVersionCommand({ FunctionName: "jobs" }));
  await send(QueueUrl, "two");
  await started(2);
  await lab.lambda.send(new UpdateAliasCommand({ FunctionName: "jobs", Name: "live", FunctionVersion: "2" }));
  await send(QueueUrl, "three");
  await started(3);
  expect(runs.map(({ version }) => version)).toEqual(["1", "1", "2"]);
});

it("leaves a message that failed or was reported until it is visible, and then in the dead letter queue", async () => {
  const QueueUrl = await open();
  await create();
  await send(QueueUrl, "fails");
  await started(1);
  runs[0]!.end("Error");
  await send(QueueUrl, "throttled");
  await started(2);
  runs[1]!.end("throttled");
  // The same message without another receipt.
  await started(3);
  expect(runs[2]!.record).toEqual(runs[1]!.record);
  runs[2]!.end({ batchItemFailures: [] });
  await until(async () => (await counts(QueueUrl)).join() === "0,1");
  lab.ahead += 61_000;
  await started(4);
  expect(runs[3]!.record).toMatchObject({ body: "fails", attributes: { ApproximateReceiveCount: "2" } });
  runs[3]!.end({ batchItemFailures: [{ itemIdentifier: runs[3]!.record.messageId }] });
  await until(async () => (await counts(QueueUrl)).join() === "0,1");
  lab.ahead += 61_000;
  await until(async () => (await counts(`${QueueUrl}-dead`)).join() === "1,0");
  expect(await counts(QueueUrl)).toEqual([0, 0]);
  expect(runs).toHaveLength(4);
});

it("ignores what a function reports unless the mapping says that it does", async () => {
  const QueueUrl = await open();
  await create({ FunctionResponseTypes: [] });
  await send(QueueUrl, "reported");
  await started(1);
  runs[0]!.end({ batchItemFailures: [{ itemIdentifier: runs[0]!.record.messageId }] });
  await until(async () => (await counts(QueueUrl)).join() === "0,0");
});

it("runs as many at once as it may now, and none without permission, function or being enabled", async () => {
  const QueueUrl = await open();
  const { UUID } = await create();
  for (const body of ["a", "b", "c"]) await send(QueueUrl, body);
  await started(2);
  expect(await counts(QueueUrl)).toEqual([1, 2]);
  await update(UUID, { ScalingConfig: { MaximumConcurrency: 3 } });
  await started(3);
  await update(UUID, { Enabled: false });
  for (const { end } of runs) end();
  await send(QueueUrl, "d");
  await until(async () => (await counts(QueueUrl)).join() === "1,0");
  await lab.iam.send(new DeleteRolePolicyCommand(policy));
  await update(UUID, { Enabled: true });
  expect(await counts(QueueUrl)).toEqual([1, 0]);
  await allow();
  await started(4);
  runs[3]!.end();
  await until(async () => (await counts(QueueUrl)).join() === "0,0");
  await remove(UUID);
  await send(QueueUrl, "e");
  expect(await counts(QueueUrl)).toEqual([1, 0]);
  expect(bodies()).toEqual(["a", "b", "c", "d"]);
});

it("goes on after the cloud was killed: what was running comes again when its visibility ends", async () => {
  const QueueUrl = await open();
  await create();
  for (const body of ["a", "b"]) await send(QueueUrl, body);
  await started(2);
  // The cloud before it is not closed: its runs never end, and are as many as may run at once.
  await lab.restart();
  await send(QueueUrl, "new");
  await started(3);
  runs[2]!.end();
  await until(async () => (await counts(QueueUrl)).join() === "0,2");
  lab.ahead += 61_000;
  await started(5);
  expect(bodies().slice(0, 3)).toEqual(["a", "b", "new"]);
  expect(bodies().slice(3).toSorted()).toEqual(["a", "b"]);
});

it.each([false, true])("gives back what runs as the cloud closes, its mapping deleted: %s", async (isDeleted) => {
  const QueueUrl = await open();
  const { UUID } = await create();
  await send(QueueUrl, "running");
  await started(1);
  if (isDeleted) {
    await remove(UUID);
    await until(async () => (await refusalOf(get(UUID)).catch(() => undefined)) !== undefined);
    // The poller looks at its mapping before it receives: this one it leaves.
    await send(QueueUrl, "later");
    await until(async () => (await counts(QueueUrl)).join() === "1,1");
  }
  await lab.cloud.close();
  await lab.restart();
  // Its function ended with the cloud; the result is nobody's.
  runs[0]!.end();
  if (isDeleted) return expect(await counts(QueueUrl)).toEqual([2, 0]);
  await started(2);
  expect(runs[1]!.record).toMatchObject({ body: "running", attributes: { ApproximateReceiveCount: "2" } });
});

it("takes no message in a cloud that only answers calls, before it is to deliver", async () => {
  const QueueUrl = await open({ delivers: false });
  await create();
  await send(QueueUrl, "waits");
  await lab.cloud.close();
  expect(bodies()).toEqual([]);
  await lab.restart();
  expect(await counts(QueueUrl)).toEqual([1, 0]);
  lab.cloud.startDeliveries();
  await started(1);
});
