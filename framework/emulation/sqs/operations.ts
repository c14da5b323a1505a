/** The data operations of SQS on messages (API reference): each with the members that a standard queue takes. */
import { createHash } from "node:crypto";
import type { AwsError } from "../aws/aws-error.ts";
import { integer, readInput, text, texts } from "./call-input.ts";
import { invalidValue, sqsError } from "./errors.ts";
import { type Queue, type QueuePlane, requireQueue } from "./queue.ts";
import type { StoredMessage } from "./queue-store.ts";

/** A call's members, and the id of who makes it. Undefined members of the result are left out. Throws AwsError. */
export type QueueOperation = (
  members: Readonly<Record<string, unknown>>,
  plane: QueuePlane,
  sender: string,
) => Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>;

/** Seconds: 15 minutes of delay, 12 hours of visibility, 20 seconds of waiting. */
const maxDelay = 900;
const maxVisibility = 43_200;
const maxWait = 20;

const md5 = (body: string): string => createHash("md5").update(body).digest("hex");

/** What XML 1.0 allows (API reference, SendMessage). */
// oxlint-disable-next-line no-control-regex -- these are the forbidden ones
const forbidden = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

export const sendMessage: QueueOperation = (members, plane, sender) => {
  const input = readInput(members, { QueueUrl: text, MessageBody: text, DelaySeconds: integer(0, maxDelay) });
  const queue = requireQueue(input.QueueUrl, plane);
  const body = input.MessageBody;
  if (Buffer.byteLength(body) > queue.maxSize)
    throw invalidValue(
      `One or more parameters are invalid. Reason: Message must be shorter than ${queue.maxSize} bytes.`,
    );
  const [character] = forbidden.exec(body) ?? [];
  if (character !== undefined)
    throw sqsError(
      "InvalidMessageContents",
      `Invalid binary character '#x${character.codePointAt(0)!.toString(16).toUpperCase()}' was found in the message ` +
        "body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | " +
        "#x10000 to #x10FFFF",
    );
  const sent = plane.now();
  const visible = sent + (input.DelaySeconds ?? queue.delay) * 1000;
  const id = plane.messages().send(queue.name, { body, sender, sent, visible });
  plane.wake();
  return { MD5OfMessageBody: md5(body), MessageId: id };
};

const systemAttributes: Readonly<Record<string, (message: StoredMessage) => string>> = {
  SenderId: ({ sender }) => sender,
  SentTimestamp: ({ sent }) => String(sent),
  ApproximateReceiveCount: ({ receives }) => String(receives),
  ApproximateFirstReceiveTimestamp: ({ first }) => String(first),
};

/** Attributes of standard queues that a message here never has. */
const absentAttributes = ["AWSTraceHeader", "DeadLetterQueueSourceArn"];

export const receiveMessage: QueueOperation = async (members, plane) => {
  const input = readInput(members, {
    QueueUrl: text,
    MaxNumberOfMessages: integer(1, 10),
    VisibilityTimeout: integer(0, maxVisibility),
    WaitTimeSeconds: integer(0, maxWait),
    AttributeNames: texts,
    MessageSystemAttributeNames: texts,
    // No message has attributes of its own, since SendMessage refuses them.
    MessageAttributeNames: texts,
  });
  const queue = requireQueue(input.QueueUrl, plane);
  const asked = attributesOf([...input.AttributeNames, ...input.MessageSystemAttributeNames]);
  const end = plane.now() + (input.WaitTimeSeconds ?? queue.wait) * 1000;
  for (;;) {
    const now = plane.now();
    const found = receiveNow(queue, plane, input.MaxNumberOfMessages ?? 1, input.VisibilityTimeout);
    if (found.length > 0) return { Messages: found.map((message) => toReceived(message, asked)) };
    if (now >= end) return {};
    const next = plane.messages().nextVisible(queue.name) ?? Infinity;
    // oxlint-disable-next-line no-await-in-loop
    await plane.pause(Math.max(1, Math.min(end - now, next - now)));
  }
};

function attributesOf(asked: readonly string[]): readonly string[] {
  const known = Object.keys(systemAttributes);
  const wrong = asked.find((name) => name !== "All" && !known.includes(name) && !absentAttributes.includes(name));
  if (wrong !== undefined) throw sqsError("InvalidAttributeName", `Unknown Attribute ${wrong}.`);
  return asked.includes("All") ? known : known.filter((name) => asked.includes(name));
}

function receiveNow(queue: Queue, plane: QueuePlane, limit: number, visibility = queue.visibilityTimeout) {
  const now = plane.now();
  plane.messages().expire(queue.name, now - queue.retention * 1000);
  const { redrive } = queue;
  return plane.messages().receive(queue.name, {
    now,
    limit,
    hiddenUntil: now + visibility * 1000,
    ...(redrive && {
      redrive: { queue: redrive.deadLetterArn.split(":").at(-1)!, maxReceiveCount: redrive.maxReceiveCount },
    }),
  });
}

const toReceived = (message: StoredMessage, asked: readonly string[]) => ({
  MessageId: message.id,
  ReceiptHandle: Buffer.from(`${message.id} ${message.receipt}`).toString("base64"),
  MD5OfBody: md5(message.body),
  Body: message.body,
  ...(asked.length > 0 && {
    Attributes: Object.fromEntries(asked.map((name) => [name, systemAttributes[name]!(message)])),
  }),
});

/** Throws ReceiptHandleIsInvalid for what no receipt gave. */
function openHandle(handle: string): { readonly id: string; readonly receipt: string } {
  const [, id, receipt] = /^([0-9a-f-]{36}) ([0-9A-F]{32})$/.exec(Buffer.from(handle, "base64").toString()) ?? [];
  if (id !== undefined && receipt !== undefined) return { id, receipt };
  throw sqsError("ReceiptHandleIsInvalid", `The input receipt handle "${handle}" is not a valid receipt handle.`);
}

/** A handle of an earlier receipt succeeds and deletes nothing, as the API reference says. */
export const deleteMessage: QueueOperation = (members, plane) => {
  const input = readInput(members, { QueueUrl: text, ReceiptHandle: text });
  const queue = requireQueue(input.QueueUrl, plane);
  const { id, receipt } = openHandle(input.ReceiptHandle);
  plane.messages().remove(queue.name, id, receipt);
  return {};
};

export const changeMessageVisibility: QueueOperation = (members, plane) => {
  const shape = { QueueUrl: text, ReceiptHandle: text, VisibilityTimeout: integer(0, maxVisibility) };
  const { QueueUrl, ReceiptHandle, VisibilityTimeout: seconds } = readInput(members, shape);
  if (seconds === undefined) throw sqsError("MissingRequiredParameterException", "VisibilityTimeout is required.");
  const queue = requireQueue(QueueUrl, plane);
  const { id, receipt } = openHandle(ReceiptHandle);
  const message = plane.messages().find(queue.name, id);
  const now = plane.now();
  if (message?.receipt !== receipt) throw unavailable(ReceiptHandle);
  if (message.visible <= now) throw sqsError("MessageNotInflight", "The message referred to is not in flight.");
  if (now + seconds * 1000 > message.last! + maxVisibility * 1000)
    throw invalidValue(
      `Value ${seconds} for parameter VisibilityTimeout is invalid. ` +
        "Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].",
    );
  plane.messages().hide(queue.name, message, now + seconds * 1000);
  // Calls that wait look when the next message comes, which may be earlier now.
  plane.wake();
  return {};
};

const unavailable = (handle: string): AwsError =>
  invalidValue(
    `Value ${handle} for parameter ReceiptHandle is invalid. ` +
      "Reason: Message does not exist or is not available for visibility timeout change.",
  );

export const getQueueAttributes: QueueOperation = (members, plane) => {
  const input = readInput(members, { QueueUrl: text, AttributeNames: texts });
  const queue = requireQueue(input.QueueUrl, plane);
  plane.messages().expire(queue.name, plane.now() - queue.retention * 1000);
  const { waiting, delayed, inFlight } = plane.messages().counts(queue.name, plane.now());
  const { redrive } = queue;
  const all: Readonly<Record<string, string | number>> = {
    ApproximateNumberOfMessages: waiting,
    ApproximateNumberOfMessagesNotVisible: inFlight,
    ApproximateNumberOfMessagesDelayed: delayed,
    CreatedTimestamp: queue.created,
    LastModifiedTimestamp: queue.created,
    VisibilityTimeout: queue.visibilityTimeout,
    MaximumMessageSize: queue.maxSize,
    MessageRetentionPeriod: queue.retention,
    DelaySeconds: queue.delay,
    ReceiveMessageWaitTimeSeconds: queue.wait,
    QueueArn: queue.arn,
    SqsManagedSseEnabled: "true",
    ...(redrive && {
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: redrive.deadLetterArn,
        maxReceiveCount: redrive.maxReceiveCount,
      }),
    }),
  };
  const asked = input.AttributeNames;
  const wrong = asked.find((name) => !["All", "RedrivePolicy"].includes(name) && !Object.hasOwn(all, name));
  if (wrong !== undefined) throw sqsError("InvalidAttributeName", `Unknown Attribute ${wrong}.`);
  const given = Object.entries(all).filter(([name]) => asked.includes("All") || asked.includes(name));
  return given.length > 0
    ? { Attributes: Object.fromEntries(given.map(([name, value]) => [name, String(value)])) }
    : {};
};
