/**
 * The data half of an event source mapping: receives messages one by one, invokes a function with each, and deletes
 * what it took (Lambda developer guide, "Using Lambda with Amazon SQS"). Batch size 1, ReportBatchItemFailures.
 */
import { AwsError } from "../aws/aws-error.ts";
import type { LocalQueue } from "./local-queue.ts";

/** A message as a function's event has it. */
export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, never>>;
  readonly md5OfBody: string;
  readonly eventSource: "aws:sqs";
  readonly eventSourceARN: string;
  readonly awsRegion: string;
}

/** The event of one invocation. */
export interface SqsEvent {
  readonly Records: readonly [SqsRecord];
}

/** How to poll. */
export interface PollerOptions {
  readonly queue: Pick<LocalQueue, "arn" | "call">;
  /** MaximumConcurrency: how many invocations run at once. */
  readonly concurrency: number;
  /** Invokes the function: its result, or a rejection for one that failed, whose message stays until it is visible. */
  readonly invoke: (event: SqsEvent) => Promise<unknown>;
  /** Gets failures of invocations and of the queue. */
  readonly onError: (error: unknown) => void;
}

/** A running poller. */
export interface Poller {
  /** Receives no more. Resolves when the running invocations have ended; close the queue first to end its waiting. */
  stop(): Promise<void>;
}

/** Seconds that a call waits for a message. */
const waitSeconds = 20;

export function startPoller({ queue, concurrency, invoke, onError }: PollerOptions): Poller {
  let isStopping = false;
  const takeOne = async (): Promise<void> => {
    const record = await receive(queue);
    if (!record || isStopping) return;
    try {
      if (!hasFailed(await invoke({ Records: [record] })))
        await queue.call("DeleteMessage", { ReceiptHandle: record.receiptHandle });
    } catch (error) {
      onError(error);
    }
  };
  const poll = async (): Promise<void> => {
    while (!isStopping) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        await takeOne();
      } catch (error) {
        if (error instanceof AwsError && error.code === "ServiceUnavailable") return;
        onError(error);
        // oxlint-disable-next-line no-await-in-loop
        await new Promise((next) => setTimeout(next, 1000));
      }
    }
  };
  const loops = Array.from({ length: concurrency }, poll);
  return {
    async stop() {
      isStopping = true;
      await Promise.all(loops);
    },
  };
}

async function receive({ arn, call }: PollerOptions["queue"]): Promise<SqsRecord | undefined> {
  const { Messages: messages } = (await call("ReceiveMessage", {
    WaitTimeSeconds: waitSeconds,
    MessageSystemAttributeNames: ["All"],
  })) as { readonly Messages?: readonly Readonly<Record<string, never>>[] };
  const [message] = messages ?? [];
  if (!message) return undefined;
  const { MessageId, ReceiptHandle, Body, MD5OfBody, Attributes } = message;
  return {
    messageId: MessageId!,
    receiptHandle: ReceiptHandle!,
    body: Body!,
    attributes: Attributes!,
    messageAttributes: {},
    md5OfBody: MD5OfBody!,
    eventSource: "aws:sqs",
    eventSourceARN: arn,
    awsRegion: arn.split(":")[3]!,
  };
}

/** Whether the function reports its message as failed; a failure that names another message fails the batch, too. */
function hasFailed(result: unknown): boolean {
  const { batchItemFailures: failures = [] } = Object(result ?? {}) as { readonly batchItemFailures?: unknown };
  return failures !== null && !(Array.isArray(failures) && failures.length === 0);
}
