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
  /** How many invocations may run at once now: 0 while it must receive nothing. Asked before each message. */
  readonly concurrency: () => number;
  /** Seconds that a call waits for a message. Default 20; with 0, `idle` says when to ask again. */
  readonly waitSeconds?: number;
  /** Waits while there is nothing to do. Default half a second. */
  readonly idle?: () => Promise<void>;
  /** Invokes the function: its result, or a rejection for one that failed, whose message stays until it is visible. */
  readonly invoke: (event: SqsEvent) => Promise<unknown>;
  /** Gets failures of invocations and of the queue. */
  readonly onError: (error: unknown) => void;
}

/** A running poller. */
export interface Poller {
  /** Receives no more. Resolves when the running invocations have ended; close the queue first to end its waiting. */
  stop(): Promise<void>;
  /** Receives no more, and shows the messages of running invocations again, which end with this process. */
  giveBack(): Promise<void>;
}

const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

export function startPoller(options: PollerOptions): Poller {
  const { queue, concurrency, invoke, onError, waitSeconds = 20, idle = () => pause(500) } = options;
  let isStopping = false;
  const running = new Map<Promise<void>, SqsRecord>();
  const show = async ({ receiptHandle }: SqsRecord): Promise<void> => {
    const members = { ReceiptHandle: receiptHandle, VisibilityTimeout: 0 };
    // One that was done in the meantime is gone.
    await queue.call("ChangeMessageVisibility", members).catch(ignoreRefusal);
  };
  const take = async (record: SqsRecord): Promise<void> => {
    try {
      if (!hasFailed(await invoke({ Records: [record] })))
        await queue.call("DeleteMessage", { ReceiptHandle: record.receiptHandle });
    } catch (error) {
      if (!isClosed(error)) onError(error);
    }
  };
  /** One at a time receives, however many may run. */
  const takeNext = async (): Promise<unknown> => {
    if (running.size >= concurrency()) return Promise.race([...running.keys(), idle()]);
    const record = await receive(queue, waitSeconds);
    if (!record) return waitSeconds === 0 ? idle() : undefined;
    if (isStopping) return show(record);
    const run: Promise<void> = take(record).finally(() => void running.delete(run));
    return void running.set(run, record);
  };
  const poll = async (): Promise<void> => {
    while (!isStopping) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        await takeNext();
      } catch (error) {
        if (isClosed(error)) return;
        onError(error);
        // oxlint-disable-next-line no-await-in-loop
        await pause(1000);
      }
    }
  };
  const polling = poll();
  return {
    async stop() {
      isStopping = true;
      await polling;
      await Promise.all(running.keys());
    },
    async giveBack() {
      isStopping = true;
      await Promise.all(Array.from(running.values(), show));
    },
  };
}

const ignoreRefusal = (error: unknown): void => {
  if (!(error instanceof AwsError)) throw error;
};

/** The error of a queue that was closed. */
const isClosed = (error: unknown): boolean => error instanceof AwsError && error.code === "ServiceUnavailable";

async function receive({ arn, call }: PollerOptions["queue"], waitSeconds: number): Promise<SqsRecord | undefined> {
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
