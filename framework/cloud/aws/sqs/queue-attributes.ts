/** The attributes with which a queue is made (API reference, CreateQueue): reads and checks them. */
import { defaultQueue } from "../../../emulation/sqs/queue.ts";
import { invalidValue, sqsError } from "../../../emulation/sqs/errors.ts";
import type { Collection } from "../../collection.ts";
import { isRecord } from "../../structure-reader.ts";
import { queueArn } from "../arn.ts";
import type { QueueRecord } from "../records.ts";
import { findQueueRecord } from "./queue-records.ts";

/** The attributes of a queue; those that a call leaves out have their defaults. */
export type QueueAttributes = Pick<QueueRecord, "visibilityTimeout" | "retention" | "redrive">;

/** Seconds: 12 hours, 1 minute, 14 days. */
const maxVisibility = 43_200;
const minRetention = 60;
const maxRetention = 1_209_600;
const maxReceives = 1000;

/** Throws AwsError, also for an attribute that the local cloud's queues do not have. */
export function readAttributes(
  attributes: Readonly<Record<string, string>>,
  queues: Collection<QueueRecord>,
): QueueAttributes {
  const { VisibilityTimeout, MessageRetentionPeriod, RedrivePolicy, SqsManagedSseEnabled, ...more } = attributes;
  const [other] = Object.keys(more);
  if (other !== undefined)
    throw sqsError("InvalidAttributeName", `Portico's local SQS does not support the attribute ${other}.`);
  if (SqsManagedSseEnabled !== undefined && SqsManagedSseEnabled !== "true")
    throw invalidAttribute("SqsManagedSseEnabled", "Portico's local SQS has only queues with true");
  const redrive = RedrivePolicy === undefined || RedrivePolicy === "" ? undefined : readRedrive(RedrivePolicy, queues);
  return {
    visibilityTimeout:
      seconds("VisibilityTimeout", VisibilityTimeout, 0, maxVisibility) ?? defaultQueue.visibilityTimeout,
    retention:
      seconds("MessageRetentionPeriod", MessageRetentionPeriod, minRetention, maxRetention) ?? defaultQueue.retention,
    ...(redrive && { redrive }),
  };
}

const invalidAttribute = (name: string, reason: string): Error =>
  sqsError("InvalidAttributeValue", `Invalid value for the parameter ${name}. Reason: ${reason}.`);

function seconds(name: string, value: string | undefined, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most) return Number(value);
  throw invalidAttribute(name, `Must be between ${least} and ${most}`);
}

/** `{"deadLetterTargetArn":"arn:…","maxReceiveCount":100}`; the dead letter queue must be there. */
function readRedrive(json: string, queues: Collection<QueueRecord>): NonNullable<QueueRecord["redrive"]> {
  const refuse = (reason: string): Error =>
    invalidValue(`Value ${json} for parameter RedrivePolicy is invalid. Reason: ${reason}.`);
  let policy: unknown;
  try {
    policy = JSON.parse(json);
  } catch {
    throw refuse("Redrive policy is not a valid JSON map");
  }
  if (!isRecord(policy)) throw refuse("Redrive policy is not a valid JSON map");
  const { deadLetterTargetArn: arn, maxReceiveCount: count, ...more } = policy;
  for (const [name, value] of Object.entries({ deadLetterTargetArn: arn, maxReceiveCount: count }))
    if (value === undefined) throw refuse(`Redrive policy does not contain mandatory attribute: ${name}`);
  if (Object.keys(more).length > 0)
    throw refuse("Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount]");
  const maxReceiveCount = /^\d{1,4}$/.test(String(count)) ? Number(count) : 0;
  if (maxReceiveCount < 1 || maxReceiveCount > maxReceives)
    throw refuse(
      `Invalid value for maxReceiveCount: ${String(count)}, valid values are from 1 to ${maxReceives} both inclusive`,
    );
  const name = String(arn).split(":").at(-1)!;
  if (arn !== queueArn(name) || !findQueueRecord(name, queues)) throw refuse("Dead letter target does not exist");
  return { deadLetterArn: arn, maxReceiveCount };
}

/** The name of an attribute in which two queues differ. */
export function differingAttribute(one: QueueAttributes, other: QueueAttributes): string | undefined {
  if (one.visibilityTimeout !== other.visibilityTimeout) return "VisibilityTimeout";
  if (one.retention !== other.retention) return "MessageRetentionPeriod";
  const isSame =
    one.redrive?.deadLetterArn === other.redrive?.deadLetterArn &&
    one.redrive?.maxReceiveCount === other.redrive?.maxReceiveCount;
  return isSame ? undefined : "RedrivePolicy";
}
