/** Queues: CreateQueue, ListQueueTags and DeleteQueue. */
import { type Member, readInput, text, textMap } from "../../../emulation/sqs/call-input.ts";
import { invalidValue, sqsError } from "../../../emulation/sqs/errors.ts";
import { requireQueue } from "../../../emulation/sqs/queue.ts";
import type { Uses } from "../backends.ts";
import { differingAttribute, readAttributes } from "./queue-attributes.ts";
import { findQueueRecord } from "./queue-records.ts";

type QueueUses = Uses<"queues" | "queuePlane" | "queueUrl" | "clock" | "latency">;

/** Members of the request → those of the response. Throws AwsError. */
export type QueueControl = (
  members: Readonly<Record<string, unknown>>,
  uses: QueueUses,
) => Readonly<Record<string, unknown>>;

/** Milliseconds in which the name of a deleted queue cannot be used (API reference, DeleteQueue). */
const deletionInterval = 60_000;
const maxTags = 50;

const queueName: Member<string> = (name, json) => {
  const value = text(name, json);
  if (/^[\w-]{1,80}$/.test(value)) return value;
  const rule = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
  throw invalidValue(`Value ${value} for parameter ${name} is invalid. Reason: ${rule}.`);
};

const tagMap: Member<Readonly<Record<string, string>>> = (name, json) => {
  const tags = textMap(name, json);
  if (Object.keys(tags).length > maxTags) throw invalidValue(`Too many tags in ${name}: a queue can have at most 50.`);
  for (const [key, value] of Object.entries(tags)) {
    const isValid =
      /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/iu.test(key) && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value);
    if (!isValid) throw invalidValue(`The tag ${key} in ${name} is not valid.`);
  }
  return tags;
};

/** The same call again gives the same URL; the tags of a queue that is there stay as they are. */
export const createQueue: QueueControl = (members, { queues, queueUrl, clock, latency }) => {
  const input = readInput(members, { QueueName: queueName, Attributes: textMap, tags: tagMap });
  const name = input.QueueName;
  const attributes = readAttributes(input.Attributes, queues);
  const found = queues.get(name);
  const now = clock.now();
  if (found?.deletedAt !== undefined && now - found.deletedAt < deletionInterval)
    throw sqsError(
      "QueueDeletedRecently",
      "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
    );
  const existing = findQueueRecord(name, queues);
  const differing = existing && differingAttribute(existing, attributes);
  if (differing !== undefined)
    throw sqsError(
      "QueueNameExists",
      `A queue already exists with the same name and a different value for attribute ${differing}`,
    );
  if (!existing)
    queues.put(name, { name, created: now, readyAt: now + latency.queue, ...attributes, tags: input.tags });
  return { QueueUrl: queueUrl(name) };
};

export const listQueueTags: QueueControl = (members, { queues, queuePlane }) => {
  const { QueueUrl: url } = readInput(members, { QueueUrl: text });
  const { name } = requireQueue(url, queuePlane);
  return { Tags: queues.get(name)!.tags };
};

/** Deletes the messages, too. */
export const deleteQueue: QueueControl = (members, { queues, queuePlane, clock }) => {
  const { QueueUrl: url } = readInput(members, { QueueUrl: text });
  const { name } = requireQueue(url, queuePlane);
  queues.put(name, { ...queues.get(name)!, deletedAt: clock.now() });
  // A kill in between leaves messages that no queue has, which go at the next start.
  queuePlane.messages().removeQueue(name);
  return {};
};
