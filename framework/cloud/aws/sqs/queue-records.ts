/** The records of queues: finds them by name, and as the data operations see them. */
import { defaultQueue, type Queue } from "../../../emulation/sqs/queue.ts";
import type { Collection } from "../../collection.ts";
import { queueArn } from "../arn.ts";
import type { QueueRecord } from "../records.ts";

/** Undefined for a queue that was deleted. */
export function findQueueRecord(name: string, queues: Collection<QueueRecord>): QueueRecord | undefined {
  const queue = queues.get(name);
  return queue?.deletedAt === undefined ? queue : undefined;
}

/** The queue with all its attributes. */
export const toQueue = ({ name, created, visibilityTimeout, retention, redrive }: QueueRecord): Queue => ({
  ...defaultQueue,
  name,
  arn: queueArn(name),
  visibilityTimeout,
  retention,
  ...(redrive && { redrive }),
  created: Math.floor(created / 1000),
});
