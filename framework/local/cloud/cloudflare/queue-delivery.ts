/** Delivers messages to consumers: a queue with something in it, a batch to its Worker's `queue` handler; what that could not do comes again. */
import type { QueuedMessage, QueueOutcome } from "../../workers/miniflare-version.ts";
import type { Edge } from "./edge.ts";
import { mainVersion } from "./find.ts";
import { leaseVersion } from "./lease-version.ts";
import { waitingMessages } from "./queue-messages.ts";
import type { ConsumerRecord, MessageRecord, QueueRecord } from "./records.ts";

/** Held with the edge. */
export interface Queues {
  /** To be called when a queue got messages, a consumer or its delivery back. */
  arrived(queue: QueueRecord): void;
  /** Looks at every queue: a batch may have waited long enough, a delay may be over. */
  tick(): void;
  /** What is under way counts for nothing from now on: its messages come again after the next start. */
  close(): void;
}

/** @param onLog gets a line for the user where a message waits for nobody or is given up */
export function createQueues(edge: () => Edge, onLog: (line: string) => void, onError: (error: unknown) => void): Queues {
  const delivering = new Set<string>();
  const told = new Set<string>();
  let closed = false;
  const deliver = async (queue: QueueRecord): Promise<void> => {
    if (delivering.has(queue.id)) return;
    delivering.add(queue.id);
    try {
      for (let batch = dueBatch(queue, edge()); batch; batch = dueBatch(queue, edge())) {
        const outcome = await runHandler(queue, batch, edge(), (error) => void (closed || onError(error)));
        if (closed) return;
        settle(queue, batch, outcome, edge(), onLog);
      }
    } finally {
      delivering.delete(queue.id);
    }
  };
  const arrived = (queue: QueueRecord): void => {
    const isWaiting = consumerOf(queue, edge()) === undefined && waitingMessages(queue, edge()).length > 0;
    if (isWaiting && !told.has(queue.id)) onLog(`queue ${queue.name} has no consumer: its messages wait until one is added`);
    if (isWaiting) told.add(queue.id);
    else deliver(queue).catch(onError);
  };
  return {
    close: () => void (closed = true),
    arrived,
    tick: () => {
      for (const queue of edge().state.queues.all()) arrived(queue);
    },
  };
}

/** A queue has one (11004). */
export function consumerOf({ id }: QueueRecord, { state }: Pick<Edge, "state">): ConsumerRecord | undefined {
  return state.consumers.all().find(({ queue }) => queue === id);
}

interface Batch {
  readonly consumer: ConsumerRecord;
  readonly messages: readonly MessageRecord[];
}

/** Full, or old enough (docs: batching). */
function dueBatch(queue: QueueRecord, edge: Edge): Batch | undefined {
  const current = edge.state.queues.get(queue.id);
  const consumer = current && consumerOf(current, edge);
  if (!consumer || current.settings?.delivery_paused) return undefined;
  const messages = waitingMessages(current, edge);
  const { batch_size, max_wait_time_ms } = consumer.settings;
  const since = messages.reduce((first, { visible }) => Math.min(first, visible), Infinity);
  const isDue = messages.length >= batch_size || edge.clock.now() - since >= max_wait_time_ms;
  return messages.length > 0 && isDue ? { consumer, messages: messages.slice(0, batch_size) } : undefined;
}

/** What a Worker that could not even be started came to. */
const exception: QueueOutcome = { outcome: "exception", ackAll: false, retryBatch: { retry: false } };

async function runHandler(
  queue: QueueRecord,
  { consumer: { script }, messages }: Batch,
  edge: Edge,
  onError: (error: unknown) => void,
): Promise<QueueOutcome> {
  const version = mainVersion({ name: script }, edge);
  if (!version) return exception;
  try {
    const lease = await leaseVersion(version, edge);
    try {
      return await lease.version.queue(queue.name, messages.map(toQueued));
    } finally {
      lease.release();
    }
  } catch (error) {
    onError(error);
    return exception;
  }
}

/** A message is done unless it is to come again; `ack` of one beats what holds for the batch (docs: explicit acknowledgement). */
function settle(queue: QueueRecord, { consumer, messages }: Batch, came: QueueOutcome, edge: Edge, onLog: (line: string) => void): void {
  const { outcome, ackAll, retryBatch, retryMessages = [], explicitAcks = [] } = came;
  const delays = new Map(retryMessages.map(({ msgId, delaySeconds }) => [msgId, delaySeconds]));
  const acked = new Set(explicitAcks);
  const failed = outcome !== "ok" || retryBatch.retry;
  for (const message of messages) {
    const again = !acked.has(message.id) && (delays.has(message.id) || (failed && !ackAll));
    if (!again) edge.state.messages.remove(message.id);
    else retry(queue, consumer, message, delays.get(message.id) ?? retryBatch.delaySeconds, edge, onLog);
  }
}

function toQueued({ id, sent, attempts, contentType, body }: MessageRecord): QueuedMessage {
  const bytes = Buffer.from(body, "base64");
  const head = { id, timestamp: new Date(sent), attempts: attempts + 1 };
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  if (contentType === "v8") return { ...head, serializedBody: buffer };
  if (contentType === "bytes") return { ...head, body: buffer };
  return { ...head, body: contentType === "json" ? (JSON.parse(bytes.toString("utf8")) as unknown) : bytes.toString("utf8") };
}

/** Later again; after too many tries to the dead letter queue, or nowhere. */
function retry(
  queue: QueueRecord,
  { settings, deadLetterQueue }: ConsumerRecord,
  message: MessageRecord,
  delaySeconds: number | undefined,
  edge: Edge,
  onLog: (line: string) => void,
): void {
  const { state, clock } = edge;
  const attempts = message.attempts + 1;
  if (attempts <= settings.max_retries) {
    const visible = clock.now() + (delaySeconds ?? settings.retry_delay) * 1000;
    state.messages.put(message.id, { ...message, attempts, visible });
    return;
  }
  const dead = state.queues.all().find(({ name }) => name === deadLetterQueue);
  if (!dead) {
    onLog(`queue ${queue.name}: message ${message.id} was given up after ${attempts} tries`);
    state.messages.remove(message.id);
    return;
  }
  onLog(`queue ${queue.name}: message ${message.id} went to ${dead.name} after ${attempts} tries`);
  state.messages.put(message.id, { ...message, queue: dead.id, attempts: 0, visible: clock.now() });
  edge.queues.arrived(dead);
}
