/** The control plane of SQS through the SDK's client, and its messages with the permissions of functions. */
// @module-tag check
import { DeleteRolePolicyCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateQueueCommand,
  type CreateQueueCommandInput,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  QueueDeletedRecently,
  QueueDoesNotExist,
  QueueNameExists,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterEach, expect, it } from "vitest";
import { issueSession } from "../../../../framework/emulation/aws/session-credentials.ts";
import { sendActions } from "../../../../framework/model/job-queue.ts";
import type { CloudOptions } from "../../../../framework/cloud/cloud.ts";
import type { Fault } from "../../../../framework/cloud/fault.ts";
import { type Lab, openLab, refusalOf } from "../../lab.ts";
import { sendSigned } from "../signed.ts";

let lab: Lab;
afterEach(() => lab.close());
const open = async (options: Partial<CloudOptions> = {}): Promise<void> => void (lab = await openLab(options));

const QueueName = "app--dev";
const create = (change: Partial<CreateQueueCommandInput> = {}) =>
  lab.sqs.send(new CreateQueueCommand({ QueueName, ...change }));
const send = (QueueUrl: string | undefined, MessageBody = "a") =>
  lab.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
const receive = async (QueueUrl: string | undefined, options: object = {}) =>
  (await lab.sqs.send(new ReceiveMessageCommand({ QueueUrl, ...options }))).Messages ?? [];
const attributes = async (QueueUrl: string | undefined) =>
  (await lab.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }))).Attributes;
const arn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const redrive = (target = "app--dev-dead", maxReceiveCount: unknown = 2) =>
  JSON.stringify({ deadLetterTargetArn: arn(target), maxReceiveCount });

it("makes a queue with its attributes and tags once, and keeps it with its messages over a restart", async () => {
  await open();
  await create({ QueueName: "app--dev-dead" });
  const Attributes = { VisibilityTimeout: "5400", MessageRetentionPeriod: "1209600", RedrivePolicy: redrive() };
  const { QueueUrl } = await create({ Attributes, tags: { "portico:app": "app" } });
  expect(QueueUrl).toBe(`${lab.cloud.url}/000000000000/app--dev`);
  expect(await create({ Attributes, tags: { other: "" } })).toMatchObject({ QueueUrl });
  await send(QueueUrl);
  await lab.restart();
  expect(await create({ Attributes })).toMatchObject({ QueueUrl: `${lab.cloud.url}/000000000000/app--dev` });
  // A function keeps the URL of the release, with the port of that time.
  expect(await attributes(QueueUrl)).toMatchObject({
    ...Attributes,
    QueueArn: arn(QueueName),
    ApproximateNumberOfMessages: "1",
    SqsManagedSseEnabled: "true",
  });
  const { Tags } = await lab.sqs.send(new ListQueueTagsCommand({ QueueUrl }));
  expect(Tags).toEqual({ "portico:app": "app" });
  for (const [attribute, change] of [
    ["RedrivePolicy", { VisibilityTimeout: "5400", MessageRetentionPeriod: "1209600" }],
    ["VisibilityTimeout", { ...Attributes, VisibilityTimeout: "60" }],
  ] as const) {
    const error = await create({ Attributes: change }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(QueueNameExists);
    expect(error).toMatchObject({ message: expect.stringContaining(attribute), Code: "QueueAlreadyExists" });
  }
});

it("moves a message to the dead letter queue on the cloud's clock", async () => {
  await open();
  const { QueueUrl: dead } = await create({ QueueName: "app--dev-dead" });
  const { QueueUrl } = await create({ Attributes: { VisibilityTimeout: "10", RedrivePolicy: redrive() } });
  await send(QueueUrl, "crashes");
  for (let count = 0; count < 2; count += 1) {
    expect(await receive(QueueUrl)).toHaveLength(1);
    lab.ahead += 11_000;
  }
  expect(await receive(QueueUrl)).toEqual([]);
  const [message] = await receive(dead);
  expect(message?.Body).toBe("crashes");
  await lab.sqs.send(new DeleteMessageCommand({ QueueUrl: dead, ReceiptHandle: message?.ReceiptHandle }));
  expect(await attributes(dead)).toMatchObject({ ApproximateNumberOfMessagesNotVisible: "0" });
});

it("deletes a queue with its messages; its name is free a minute later", async () => {
  await open();
  const { QueueUrl } = await create();
  await send(QueueUrl);
  await lab.sqs.send(new DeleteQueueCommand({ QueueUrl }));
  await expect(send(QueueUrl)).rejects.toBeInstanceOf(QueueDoesNotExist);
  await expect(attributes(QueueUrl)).rejects.toBeInstanceOf(QueueDoesNotExist);
  await expect(lab.sqs.send(new DeleteQueueCommand({ QueueUrl }))).rejects.toBeInstanceOf(QueueDoesNotExist);
  lab.ahead += 59_000;
  await lab.restart();
  await expect(create()).rejects.toBeInstanceOf(QueueDeletedRecently);
  lab.ahead += 2_000;
  await create();
  expect(await receive(QueueUrl)).toEqual([]);
});

it("cannot be used for a second after it was made, with the latency of AWS", async () => {
  await open({ latency: { queue: 60_000 } });
  const { QueueUrl } = await create({ QueueName: "app--dev-dead" });
  await expect(send(QueueUrl)).rejects.toBeInstanceOf(QueueDoesNotExist);
  // The dead letter queue of another one it can be at once.
  await create({ Attributes: { RedrivePolicy: redrive() } });
  lab.ahead += 61_000;
  await send(QueueUrl);
});

it("wakes a call that waits, and ends it with the cloud", async () => {
  await open();
  const { QueueUrl } = await create();
  const waiting = receive(QueueUrl, { WaitTimeSeconds: 20 });
  await send(QueueUrl, "now");
  expect(await waiting).toMatchObject([{ Body: "now" }]);
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  await lab.restart({ onCall: () => begin() });
  const ended = refusalOf(receive(QueueUrl, { WaitTimeSeconds: 20 }));
  await begun;
  await lab.cloud.close();
  // Of its answer, or of the connection.
  expect(await ended).toMatchObject({ name: expect.stringMatching(/ServiceUnavailable|TimeoutError/) });
});

it("lets a function do what a policy of its role says", async () => {
  await open();
  const { QueueUrl } = await create();
  const policy = { RoleName: "lab", PolicyName: "portico" };
  const grant = (Action: unknown, name: string) =>
    lab.iam.send(
      new PutRolePolicyCommand({
        ...policy,
        PolicyDocument: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action, Resource: arn(name) }],
        }),
      }),
    );
  const { url: endpoint, region, secretAccessKey } = lab.cloud;
  const credentials = issueSession(secretAccessKey, { role: "lab", session: "sender" });
  const client = new SQSClient({ endpoint, region, credentials, maxAttempts: 1 });
  const call = () => client.send(new SendMessageCommand({ QueueUrl, MessageBody: "a" }));
  const denied = { Code: "AccessDenied", $metadata: { httpStatusCode: 403 } };
  await expect(call()).rejects.toMatchObject({
    ...denied,
    message:
      "User: arn:aws:sts::000000000000:assumed-role/lab/sender is not authorized to perform: sqs:sendmessage on " +
      `resource: ${arn(QueueName)} because no identity-based policy allows the sqs:sendmessage action`,
  });
  await grant(sendActions, "other");
  await expect(call()).rejects.toMatchObject(denied);
  await grant(sendActions, QueueName);
  await call();
  await expect(client.send(new ReceiveMessageCommand({ QueueUrl }))).rejects.toMatchObject(denied);
  await expect(client.send(new DeleteQueueCommand({ QueueUrl }))).rejects.toMatchObject(denied);
  await expect(client.send(new CreateQueueCommand({ QueueName: "own" }))).rejects.toMatchObject(denied);
  await lab.iam.send(new DeleteRolePolicyCommand(policy));
  await expect(call()).rejects.toMatchObject(denied);
});

it("takes faults: a lost answer has taken effect, a refusal has none", async () => {
  const faults = new Map<string, Fault>([
    ["CreateQueue", { kind: "lose" }],
    ["SendMessage", { kind: "refuse", status: 403, code: "RequestThrottled", message: "slow" }],
  ]);
  await open({ fault: ({ operation }) => faults.get(operation) });
  expect(await refusalOf(create())).toMatchObject({ status: undefined });
  faults.delete("CreateQueue");
  const { QueueUrl } = await create();
  expect(await refusalOf(send(QueueUrl))).toMatchObject({ name: "RequestThrottled", status: 403 });
  expect(await receive(QueueUrl)).toEqual([]);
});

it("refuses queues that it cannot be, operations that it does not have, and the older protocol, by name", async () => {
  await open();
  await create({ QueueName: "there" });
  const refused: readonly (readonly [change: Partial<CreateQueueCommandInput>, code: string, message: string])[] = [
    [{ QueueName: "a b" }, "InvalidParameterValue", "1 to 80 in length"],
    [{ QueueName: "a.fifo" }, "InvalidParameterValue", "QueueName"],
    [{ Attributes: { FifoQueue: "true" } }, "InvalidAttributeName", "FifoQueue"],
    [{ Attributes: { DelaySeconds: "1" } }, "InvalidAttributeName", "DelaySeconds"],
    [{ Attributes: { VisibilityTimeout: "43201" } }, "InvalidAttributeValue", "VisibilityTimeout"],
    [{ Attributes: { MessageRetentionPeriod: "59" } }, "InvalidAttributeValue", "MessageRetentionPeriod"],
    [{ Attributes: { SqsManagedSseEnabled: "false" } }, "InvalidAttributeValue", "SqsManagedSseEnabled"],
    [{ Attributes: { RedrivePolicy: "x" } }, "InvalidParameterValue", "not a valid JSON map"],
    [{ Attributes: { RedrivePolicy: redrive("gone") } }, "InvalidParameterValue", "target does not exist"],
    [{ Attributes: { RedrivePolicy: redrive("there", 1001) } }, "InvalidParameterValue", "from 1 to 1000"],
    [{ Attributes: { RedrivePolicy: '{"maxReceiveCount":1}' } }, "InvalidParameterValue", "deadLetterTargetArn"],
    [{ tags: { "aws:x": "" } }, "InvalidParameterValue", "aws:x"],
  ];
  for (const [change, Code, message] of refused)
    await expect(create(change), message).rejects.toMatchObject({ Code, message: expect.stringContaining(message) });
  expect(await refusalOf(lab.sqs.send(new ListQueuesCommand({})))).toMatchObject({
    name: "UnknownOperationException",
    message: expect.stringContaining("ListQueues"),
  });
  const form = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const older = await sendSigned(lab.cloud, "sqs", "POST", "/", "Action=ListQueues&Version=2012-11-05", form);
  expect([older.status, older.headers.get("content-type"), older.text]).toEqual([
    400,
    "text/xml",
    expect.stringMatching(/<Message>.*the older query protocol; use a client that speaks AWS JSON/),
  ]);
});
