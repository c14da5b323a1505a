/** Delivers the messages of queues in batches to their consumers' `queue` handlers, and retries those that failed. */
import type { QueuedMessage, QueueOutcome } from "../../emulation/workers/miniflare-version.ts";
import type { Clock } from "../clock.ts";
import type { Collection } from "../collection.ts";
import { deliverableMessages } from "./queue-messages.ts";
import type { ConsumerRecord, MessageRecord, QueueRecord } from "./records.ts";
import { mainVersion } from "./script-lookup.ts";
import type { CloudflareState } from "./state.ts";
import type { VersionPool } from "./version-pool.ts";

/** Delivers while the cloud is open. */
export interface QueueDelivery {
  /** Nothing is delivered before. */
  start(): void;
  /** To be called when a queue got messages or a consumer, or when its delivery is no longer paused. */
  wake(queue: QueueRecord): void;
  /** Looks at every queue: a batch may have waited long enough, a delay may be over. */
  tick(): void;
  /** Ignores the outcome of running batches from now on: their messages are delivered again after the next start. */
  close(): void;
}

/** The state of queues, and what runs a consumer. */
export interface QueueDeliveryOptions {
  readonly state: Pick<CloudflareState, "consumers" | "deployments" | "messages" | "queues" | "versions">;
  readonly clock: Clock;
  readonly pool: Pick<VersionPool, "lease">;
  /** Gets a line for the user when messages wait for a consumer or have failed too often. */
  readonly onLog: (line: string) => void;
  readonly onError: (error: unknown) => void;
}

export function createQueueDelivery(options: QueueDeliveryOptions): QueueDelivery {
  const { state, clock, onLog, onError } = options;
  const delivering = new Set<string>();
  const reported = new Set<string>();
  let [started, closed] = [false, false];
  const deliver = async (queue: QueueRecord): Promise<void> => {
    if (delivering.has(queue.id)) return;
    delivering.add(queue.id);
    try {
      for (let batch = dueBatch(queue, state, clock); batch; batch = dueBatch(queue, state, clock)) {
        const { consumer } = batch;
        const messages = begin(batch, state.messages, (spent) => giveUp(queue, consumer, spent, options, wake));
        if (messages.length === 0) continue;
        const begun = { consumer, messages };
        const outcome = await runHandler(queue, begun, options, (error) => void (closed || onError(error)));
        if (closed) return;
        for (const failed of applyOutcome(outcome, begun, state.messages))
          retry(queue, consumer, failed, options, wake);
      }
    } finally {
      delivering.delete(queue.id);
    }
  };
  const wake = (queue: QueueRecord): void => {
    const isWaiting =
      consumerOf(queue, state.consumers) === undefined &&
      deliverableMessages(queue, state.messages, clock.now()).length > 0;
    if (isWaiting && !reported.has(queue.id))
      onLog(`queue ${queue.name} has no consumer: its messages wait until one is added`);
    if (isWaiting) reported.add(queue.id);
    else if (started) deliver(queue).catch(onError);
  };
  return {
    start: () => void (started = true),
    close: () => void (closed = true),
    wake,
    tick: () => {
      for (const queue of state.queues.all()) wake(queue);
    },
  };
}

/** A queue has one consumer (11004). */
export function consumerOf({ id }: QueueRecord, consumers: Collection<ConsumerRecord>): ConsumerRecord | undefined {
  return consumers.all().find(({ queue }) => queue === id);
}

interface Batch {
  readonly consumer: ConsumerRecord;
  readonly messages: readonly MessageRecord[];
}

/** A batch that is full or old enough to be delivered (docs: batching). */
function dueBatch(
  queue: QueueRecord,
  { queues, consumers, messages }: Pick<CloudflareState, "consumers" | "messages" | "queues">,
  clock: Clock,
): Batch | undefined {
  const current = queues.get(queue.id);
  const consumer = current && consumerOf(current, consumers);
  if (!consumer || current.settings?.delivery_paused) return undefined;
  const now = clock.now();
  const deliverable = deliverableMessages(current, messages, now);
  const { batch_size, max_wait_time_ms } = consumer.settings;
  const since = deliverable.reduce((first, { visible }) => Math.min(first, visible), Infinity);
  const isDue = deliverable.length >= batch_size || now - since >= max_wait_time_ms;
  return deliverable.length > 0 && isDue ? { consumer, messages: deliverable.slice(0, batch_size) } : undefined;
}

/**
 * Counts the attempt before it runs, so that one that ends with this process counts.
 * @param onSpent gets messages whose last attempt ended so
 */
function begin(
  { consumer: { settings }, messages }: Batch,
  stored: Collection<MessageRecord>,
  onSpent: (message: MessageRecord) => void,
): readonly MessageRecord[] {
  const [spent = [], others = []] = [true, false].map((isSpent) =>
    messages.filter(({ attempts }) => attempts > settings.max_retries === isSpent),
  );
  spent.forEach(onSpent);
  return others.map((message) => stored.put(message.id, { ...message, attempts: message.attempts + 1 }));
}

/** The outcome of a Worker that could not be started. */
const exception: QueueOutcome = { outcome: "exception", ackAll: false, retryBatch: { retry: false } };

async function runHandler(
  queue: QueueRecord,
  { consumer: { script }, messages }: Batch,
  { state, pool }: Pick<QueueDeliveryOptions, "pool" | "state">,
  onError: (error: unknown) => void,
): Promise<QueueOutcome> {
  const version = mainVersion(script, state);
  if (!version) return exception;
  try {
    const lease = await pool.lease(version);
    try {
      return await lease.version.queue(queue.name, messages.map(toQueuedMessage));
    } finally {
      lease.release();
    }
  } catch (error) {
    onError(error);
    return exception;
  }
}

/** A message of a batch that is to be delivered again. */
interface FailedMessage {
  readonly message: MessageRecord;
  readonly delaySeconds: number | undefined;
}

/**
 * Removes the messages that the handler has done and returns the others. An `ack` of one message counts more than the
 * outcome of its batch (docs: explicit acknowledgement).
 */
function applyOutcome(
  { outcome, ackAll, retryBatch, retryMessages = [], explicitAcks = [] }: QueueOutcome,
  batch: Batch,
  messages: Collection<MessageRecord>,
): readonly FailedMessage[] {
  const delays = new Map(retryMessages.map(({ msgId, delaySeconds }) => [msgId, delaySeconds]));
  const acknowledged = new Set(explicitAcks);
  const hasFailed = outcome !== "ok" || retryBatch.retry;
  const isFailed = ({ id }: MessageRecord): boolean =>
    !acknowledged.has(id) && (delays.has(id) || (hasFailed && !ackAll));
  for (const message of batch.messages) if (!isFailed(message)) messages.remove(message.id);
  return batch.messages
    .filter(isFailed)
    .map((message) => ({ message, delaySeconds: delays.get(message.id) ?? retryBatch.delaySeconds }));
}

function toQueuedMessage({ id, sent, attempts, contentType, body }: MessageRecord): QueuedMessage {
  const bytes = Buffer.from(body, "base64");
  const head = { id, timestamp: new Date(sent), attempts };
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  if (contentType === "v8") return { ...head, serializedBody: buffer };
  if (contentType === "bytes") return { ...head, body: buffer };
  return {
    ...head,
    body: contentType === "json" ? (JSON.parse(bytes.toString("utf8")) as unknown) : bytes.toString("utf8"),
  };
}

type RetryOptions = Pick<QueueDeliveryOptions, "clock" | "onLog" | "state">;

/** Delays the message, until it had too many attempts. */
function retry(
  queue: QueueRecord,
  consumer: ConsumerRecord,
  { message, delaySeconds }: FailedMessage,
  options: RetryOptions,
  wake: (queue: QueueRecord) => void,
): void {
  const { max_retries, retry_delay } = consumer.settings;
  if (message.attempts > max_retries) return giveUp(queue, consumer, message, options, wake);
  const visible = options.clock.now() + (delaySeconds ?? retry_delay) * 1000;
  options.state.messages.put(message.id, { ...message, visible });
}

/** Moves the message to the dead letter queue or, without one, removes it. */
function giveUp(
  queue: QueueRecord,
  { deadLetterQueue }: ConsumerRecord,
  message: MessageRecord,
  { state: { messages, queues }, clock, onLog }: RetryOptions,
  wake: (queue: QueueRecord) => void,
): void {
  const { attempts } = message;
  const deadLetters = queues.all().find(({ name }) => name === deadLetterQueue);
  if (!deadLetters) {
    onLog(`queue ${queue.name}: message ${message.id} was removed after ${attempts} attempts`);
    messages.remove(message.id);
    return;
  }
  onLog(`queue ${queue.name}: message ${message.id} went to ${deadLetters.name} after ${attempts} attempts`);
  messages.put(message.id, { ...message, queue: deadLetters.id, attempts: 0, visible: clock.now() });
  wake(deadLetters);
}
