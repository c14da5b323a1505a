/** Receives the messages that Workers send to queues, and stores them until they are delivered or expire. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Collection } from "../collection.ts";
import { isRecord } from "../structure-reader.ts";
import type { MessageRecord, QueueRecord } from "./records.ts";

/** Bytes of a message, messages of a batch and bytes of a batch (Queues limits page). */
export const maxMessage = 128 * 1000;
const maxBatch = 100;
const maxBatchBytes = 256 * 1000;
/** Seconds that a message may be delayed, and that it is stored unless the queue's settings differ (four days). */
const maxDelay = 86_400;
const defaultRetention = 345_600;

/** A message as a Worker sends it; the body in base64. */
interface SentMessage {
  readonly contentType: string;
  readonly body: string;
  readonly delaySecs?: number;
}

const contentTypes = new Set(["text", "json", "bytes", "v8"]);

/** Thrown to the sender, whose `send` rejects. */
class SendError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = "SendError";
    this.status = status;
  }
}

/** Where sent messages go. */
export interface QueueInbox {
  readonly queues: Collection<QueueRecord>;
  readonly messages: Collection<MessageRecord>;
  readonly clock: Clock;
  /** Called when a queue has got messages. */
  readonly onArrival: (queue: QueueRecord) => void;
}

/** Answers a request of the queue binding: `/message`, `/batch` or `/metrics`. */
export async function answerProducer(name: string, request: Request, inbox: QueueInbox): Promise<Response> {
  const { queues, messages, clock, onArrival } = inbox;
  const queue = queues.all().find((one) => one.name === name);
  if (!queue) return new Response(`Queue ${name} does not exist`, { status: 404 });
  try {
    const { pathname } = new URL(request.url);
    if (pathname !== "/metrics") {
      const sent = pathname === "/batch" ? await readBatch(request) : [await readMessage(request)];
      const delay = Number(request.headers.get("x-msg-delay-secs") ?? queue.settings?.delivery_delay ?? 0);
      for (const message of sent) storeMessage(queue, message, message.delaySecs ?? delay, messages, clock.now());
      onArrival(queue);
    }
    return Response.json({ metadata: { metrics: metricsOf(queue, messages, clock.now()) } });
  } catch (error) {
    if (error instanceof SendError) return new Response(error.message, { status: error.status });
    throw error;
  }
}

async function readMessage(request: Request): Promise<SentMessage> {
  const body = Buffer.from(await request.arrayBuffer());
  return { contentType: request.headers.get("x-msg-fmt") ?? "v8", body: body.toString("base64") };
}

async function readBatch(request: Request): Promise<readonly SentMessage[]> {
  const body: unknown = await request.json();
  const messages =
    isRecord(body) && Array.isArray(body["messages"]) ? (body["messages"] as readonly SentMessage[]) : [];
  if (messages.length > maxBatch)
    throw new SendError(413, `A batch may have ${maxBatch} messages; ${messages.length} were sent.`);
  const bytes = messages.reduce((sum, message) => sum + Buffer.byteLength(message.body, "base64"), 0);
  if (bytes > maxBatchBytes) throw new SendError(413, `A batch may have 256 KB; ${bytes} bytes were sent.`);
  return messages;
}

export function storeMessage(
  queue: QueueRecord,
  { contentType = "v8", body }: SentMessage,
  delay: number,
  messages: Collection<MessageRecord>,
  now: number,
): void {
  const bytes = Buffer.byteLength(body, "base64");
  if (bytes > maxMessage) throw new SendError(413, `A message may have 128 KB; ${bytes} bytes were sent.`);
  if (!contentTypes.has(contentType)) throw new SendError(400, `A message's content type cannot be ${contentType}.`);
  if (!(delay >= 0 && delay <= maxDelay))
    throw new SendError(400, `A message may be delayed by ${maxDelay} seconds; ${delay} were given.`);
  const id = randomUUID().replaceAll("-", "");
  // Random ids do not tell the order of sending.
  const sequence = messages.all().reduce((next, one) => Math.max(next, one.sequence + 1), 0);
  messages.put(id, {
    id,
    queue: queue.id,
    sequence,
    contentType,
    body,
    sent: now,
    visible: now + delay * 1000,
    attempts: 0,
  });
}

/** The messages of a queue; those past its retention period are removed. */
function messagesOf(queue: QueueRecord, messages: Collection<MessageRecord>, now: number): readonly MessageRecord[] {
  const retention = (queue.settings?.message_retention_period ?? defaultRetention) * 1000;
  const own = messages.all().filter((message) => message.queue === queue.id);
  for (const { id, sent } of own) if (now - sent >= retention) messages.remove(id);
  return own.filter(({ sent }) => now - sent < retention);
}

/** Messages that can be delivered now, oldest first. */
export const deliverableMessages = (
  queue: QueueRecord,
  messages: Collection<MessageRecord>,
  now: number,
): readonly MessageRecord[] =>
  messagesOf(queue, messages, now)
    .filter(({ visible }) => visible <= now)
    .toSorted((left, right) => left.sequence - right.sequence);

/** What a queue holds, with the messages that are being delivered. */
export function metricsOf(queue: QueueRecord, messages: Collection<MessageRecord>, now: number) {
  const own = messagesOf(queue, messages, now);
  const backlogBytes = own.reduce((sum, { body }) => sum + Buffer.byteLength(body, "base64"), 0);
  return {
    backlogCount: own.length,
    backlogBytes,
    oldestMessageTimestamp: own.reduce((oldest, { sent }) => Math.min(oldest, sent), Number.MAX_SAFE_INTEGER),
  };
}
