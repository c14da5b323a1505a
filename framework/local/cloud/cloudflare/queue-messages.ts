/** Messages on their way: what a Worker sends in, kept until its consumer took it, for as long as the queue keeps them. */
import { randomUUID } from "node:crypto";
import { isRecord } from "../members.ts";
import type { Edge } from "./edge.ts";
import type { MessageRecord, QueueRecord } from "./records.ts";

/** Bytes of a message, messages and bytes of one send (Queues limits page). */
const maxMessage = 128 * 1000;
const maxBatch = 100;
const maxBatchBytes = 256 * 1000;
/** Seconds that a message may be delayed, and that it is kept unless the queue says otherwise (four days). */
const maxDelay = 86_400;
const usualRetention = 345_600;

/** As sent; the body in base64. */
interface Sent {
  readonly contentType: string;
  readonly body: string;
  readonly delaySecs?: number;
}

const contentTypes = new Set(["text", "json", "bytes", "v8"]);

/** Thrown to the sender, whose `send` rejects. */
class NotTaken extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = "NotTaken";
    this.status = status;
  }
}

/** Answers what the binding asks: `/message`, `/batch` and `/metrics`. */
export async function takeMessages(name: string, request: Request, edge: Edge): Promise<Response> {
  const queue = edge.state.queues.all().find((one) => one.name === name);
  if (!queue) return new Response(`Queue ${name} does not exist`, { status: 404 });
  try {
    const { pathname } = new URL(request.url);
    if (pathname !== "/metrics") {
      const sent = pathname === "/batch" ? await readBatch(request) : [await readMessage(request)];
      const delay = Number(request.headers.get("x-msg-delay-secs") ?? queue.settings?.delivery_delay ?? 0);
      for (const message of sent) keepMessage(queue, message, message.delaySecs ?? delay, edge);
      edge.queues.arrived(queue);
    }
    return Response.json({ metadata: { metrics: metricsOf(queue, edge) } });
  } catch (error) {
    if (error instanceof NotTaken) return new Response(error.message, { status: error.status });
    throw error;
  }
}

async function readMessage(request: Request): Promise<Sent> {
  const body = Buffer.from(await request.arrayBuffer());
  return { contentType: request.headers.get("x-msg-fmt") ?? "v8", body: body.toString("base64") };
}

async function readBatch(request: Request): Promise<readonly Sent[]> {
  const body: unknown = await request.json();
  const messages = isRecord(body) && Array.isArray(body["messages"]) ? (body["messages"] as readonly Sent[]) : [];
  if (messages.length > maxBatch) throw new NotTaken(413, `A batch may have ${maxBatch} messages; ${messages.length} were sent.`);
  const bytes = messages.reduce((sum, message) => sum + Buffer.byteLength(message.body, "base64"), 0);
  if (bytes > maxBatchBytes) throw new NotTaken(413, `A batch may have 256 KB; ${bytes} bytes were sent.`);
  return messages;
}

function keepMessage(queue: QueueRecord, { contentType = "v8", body }: Sent, delay: number, { state, clock }: Edge): void {
  const bytes = Buffer.byteLength(body, "base64");
  if (bytes > maxMessage) throw new NotTaken(413, `A message may have 128 KB; ${bytes} bytes were sent.`);
  if (!contentTypes.has(contentType)) throw new NotTaken(400, `A message's content type cannot be ${contentType}.`);
  if (!(delay >= 0 && delay <= maxDelay))
    throw new NotTaken(400, `A message may be delayed by ${maxDelay} seconds; ${delay} were asked for.`);
  const now = clock.now();
  const id = randomUUID().replaceAll("-", "");
  // The order of sending: ids alone have none.
  const sequence = state.messages.all().reduce((next, one) => Math.max(next, one.sequence + 1), 0);
  state.messages.put(id, { id, queue: queue.id, sequence, contentType, body, sent: now, visible: now + delay * 1000, attempts: 0 });
}

/** Those that can be delivered now, oldest first; what was kept for too long is dropped. */
export function waitingMessages(queue: QueueRecord, { state, clock }: Edge): readonly MessageRecord[] {
  const now = clock.now();
  const retention = (queue.settings?.message_retention_period ?? usualRetention) * 1000;
  const own = state.messages.all().filter((message) => message.queue === queue.id);
  for (const { id, sent } of own) if (now - sent >= retention) state.messages.remove(id);
  return own
    .filter(({ sent, visible }) => now - sent < retention && visible <= now)
    .toSorted((left, right) => left.sequence - right.sequence);
}

function metricsOf(queue: QueueRecord, { state }: Edge): Readonly<Record<string, number>> {
  const own = state.messages.all().filter((message) => message.queue === queue.id);
  const backlogBytes = own.reduce((sum, { body }) => sum + Buffer.byteLength(body, "base64"), 0);
  return {
    backlogCount: own.length,
    backlogBytes,
    oldestMessageTimestamp: own.reduce((oldest, { sent }) => Math.min(oldest, sent), Number.MAX_SAFE_INTEGER),
  };
}
