/** A queue as the data operations of SQS see it, and how they find it. */
import { queueMissing, sqsError } from "./errors.ts";
import type { QueueStore } from "./queue-store.ts";

/** A standard queue with its attributes. Times are seconds unless they say otherwise. */
export interface Queue {
  readonly name: string;
  readonly arn: string;
  readonly visibilityTimeout: number;
  readonly delay: number;
  readonly retention: number;
  /** Bytes of a message. */
  readonly maxSize: number;
  readonly wait: number;
  readonly redrive?: { readonly deadLetterArn: string; readonly maxReceiveCount: number };
  /** Epoch seconds. */
  readonly created: number;
}

/** The attributes of a queue that is made without any (API reference, CreateQueue). */
export const defaultQueue = {
  visibilityTimeout: 30,
  delay: 0,
  retention: 345_600,
  maxSize: 1_048_576,
  wait: 0,
} as const;

/** What the operations work with. */
export interface QueuePlane {
  messages(): QueueStore;
  findQueue(name: string): Queue | undefined;
  readonly account: string;
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after milliseconds, or earlier when a message came. */
  pause(ms: number): Promise<void>;
  /** Ends pauses: a message came, or comes at another time. */
  wake(): void;
}

/** The queue that a URL names by its path, `/ACCOUNT/NAME`. Throws InvalidAddress, QueueDoesNotExist. */
export function requireQueue(url: string, { findQueue, account }: QueuePlane): Queue {
  const path = URL.canParse(url) ? new URL(url).pathname : "";
  const [, owner, name = ""] = /^\/(\d{12})\/([\w-]{1,80})$/.exec(path) ?? [];
  if (owner === undefined) throw sqsError("InvalidAddress", `The address ${url} is not valid for this endpoint.`);
  const queue = owner === account ? findQueue(name) : undefined;
  if (!queue) throw queueMissing();
  return queue;
}
