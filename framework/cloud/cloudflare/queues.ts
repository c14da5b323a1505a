/** Operations on queues and on the one Worker that consumes each. */
import { randomUUID } from "node:crypto";
import type { Collection } from "../collection.ts";
import type { StructureReader } from "../structure-reader.ts";
import type { ApiCall } from "./api-call.ts";
import { CloudflareError, unsupported } from "./cloudflare-error.ts";
import { bodyMembers } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./pagination.ts";
import { consumerOf } from "./queue-delivery.ts";
import { maxMessage, metricsOf, storeMessage } from "./queue-messages.ts";
import type { ConsumerRecord, QueueRecord, ScriptRecord } from "./records.ts";
import { mainVersion, scriptNotFound } from "./script-lookup.ts";
import { type CloudflareState, timestamp } from "./state.ts";

function consumerJson(consumer: ConsumerRecord): Readonly<Record<string, unknown>> {
  const { id, script, created, deadLetterQueue, settings } = consumer;
  return {
    consumer_id: id,
    type: "worker",
    script,
    created_on: created,
    settings,
    ...(deadLetterQueue !== undefined && { dead_letter_queue: deadLetterQueue }),
  };
}

/** The collections that describe a queue. */
type QueueState = "consumers" | "deployments" | "queues" | "scripts" | "versions";

/** The Workers whose live versions are bound to a queue. */
const producersOf = (queue: string, state: Pick<CloudflareState, "deployments" | "scripts" | "versions">) =>
  state.scripts
    .all()
    .filter(({ name }) =>
      mainVersion(name, state)?.bindings.some(({ type, queue_name }) => type === "queue" && queue_name === queue),
    )
    .map(({ name }) => ({ type: "worker", script: name }));

function queueJson(queue: QueueRecord, state: Pick<CloudflareState, QueueState>): Readonly<Record<string, unknown>> {
  const { id, name, created, settings } = queue;
  const producers = producersOf(name, state);
  const consumer = consumerOf(queue, state.consumers);
  const consumers = consumer ? [consumerJson(consumer)] : [];
  return {
    queue_id: id,
    queue_name: name,
    created_on: created,
    modified_on: created,
    ...(settings && { settings }),
    producers,
    producers_total_count: producers.length,
    consumers,
    consumers_total_count: consumers.length,
  };
}

function findQueue(call: ApiCall, { queues }: Pick<CloudflareState, "queues">): QueueRecord {
  const found = queues.get(call.path["queue"] ?? "");
  if (!found) throw new CloudflareError(11000, 404, "Queue not found.");
  return found;
}

function readSettings(members: StructureReader): QueueRecord["settings"] {
  const settings = members.structure("settings");
  const delay = settings?.integer("delivery_delay", 0, 86_400);
  const retention = settings?.integer("message_retention_period", 60, 1_209_600);
  const paused = settings?.flag("delivery_paused");
  settings?.end();
  return {
    ...(delay !== undefined && { delivery_delay: delay }),
    ...(retention !== undefined && { message_retention_period: retention }),
    ...(paused !== undefined && { delivery_paused: paused }),
  };
}

const createQueue: Operation<QueueState, "clock"> = (call, state, { clock }) => {
  const members = bodyMembers(call, 11003);
  const name = members.requiredText("queue_name", { pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/ });
  const settings = readSettings(members) ?? {};
  members.end();
  if (state.queues.all().some((queue) => queue.name === name))
    throw new CloudflareError(
      11009,
      409,
      `Queue name '${name}' is already taken. Please use a different name and try again.`,
    );
  const id = randomUUID().replaceAll("-", "");
  const queue = state.queues.put(id, { id, name, created: timestamp(clock), settings });
  return { result: queueJson(queue, state) };
};

/** Settings that are not given stay as they are. */
const patchQueue: Operation<QueueState, "queueDelivery"> = (call, state, { queueDelivery }) => {
  const queue = findQueue(call, state);
  const members = bodyMembers(call, 11003);
  const name = members.text("queue_name");
  const settings = { ...queue.settings, ...readSettings(members) };
  members.end();
  if (name !== undefined && name !== queue.name) throw unsupported("renaming queues");
  const changed = state.queues.put(queue.id, { ...queue, settings });
  queueDelivery.wake(changed);
  return { result: queueJson(changed, state) };
};

const listQueues: Operation<QueueState> = ({ query }, state) => {
  const name = query.get("name");
  const { items, info } = pageOf(
    state.queues.all().filter((queue) => name === null || queue.name === name),
    query,
    100,
    100,
  );
  return { result: items.map((queue) => queueJson(queue, state)), info };
};

/** Deletes a queue with its messages and its consumer. Throws 11005 for one that a Worker is bound to. */
const deleteQueue: Operation<QueueState | "messages"> = (call, state) => {
  const { id, name } = findQueue(call, state);
  if (producersOf(name, state).length > 0)
    throw new CloudflareError(11005, 400, `Queue ${name} cannot be deleted: Workers are bound to it.`);
  state.queues.remove(id);
  for (const children of [state.consumers, state.messages])
    for (const child of children.all()) if (child.queue === id) children.remove(child.id);
  return { result: null };
};

/** Reads a consumer with the ranges and defaults of the documentation (Queues: consumer settings). */
function readConsumer(
  call: ApiCall,
  scripts: Collection<ScriptRecord>,
): Pick<ConsumerRecord, "script" | "settings" | "deadLetterQueue"> {
  const members = bodyMembers(call, 11003);
  if (members.text("type", { oneOf: ["worker", "http_pull"] }) === "http_pull")
    throw unsupported("pull consumers of queues");
  const script = members.requiredText("script_name");
  const deadLetterQueue = members.text("dead_letter_queue");
  // wrangler sends an empty one.
  members.text("environment_name", { oneOf: ["", "production"] });
  const given = members.structure("settings");
  const concurrency = given?.integer("max_concurrency", 1, 250);
  const settings = {
    batch_size: given?.integer("batch_size", 1, 100) ?? 10,
    max_wait_time_ms: given?.integer("max_wait_time_ms", 0, 60_000) ?? 5000,
    max_retries: given?.integer("max_retries", 0, 100) ?? 3,
    retry_delay: given?.integer("retry_delay", 0, 86_400) ?? 0,
    ...(concurrency !== undefined && { max_concurrency: concurrency }),
  };
  given?.end();
  members.end();
  if (!scripts.get(script)) throw scriptNotFound();
  return { script, settings, ...(deadLetterQueue !== undefined && { deadLetterQueue }) };
}

function findConsumer(call: ApiCall, state: Pick<CloudflareState, "consumers" | "queues">): ConsumerRecord {
  const consumer = state.consumers.get(call.path["consumer"] ?? "");
  if (consumer?.queue !== findQueue(call, state).id)
    throw new CloudflareError(11005, 404, "The consumer does not exist.");
  return consumer;
}

const createConsumer: Operation<"consumers" | "queues" | "scripts", "clock" | "queueDelivery"> = (
  call,
  state,
  { clock, queueDelivery },
) => {
  const queue = findQueue(call, state);
  const consumer = readConsumer(call, state.scripts);
  if (consumerOf(queue, state.consumers))
    throw new CloudflareError(11004, 400, `Queue ${queue.name} already has a consumer.`);
  const id = randomUUID().replaceAll("-", "");
  const record = state.consumers.put(id, { id, queue: queue.id, created: timestamp(clock), ...consumer });
  queueDelivery.wake(queue);
  return { result: consumerJson(record) };
};

const putConsumer: Operation<"consumers" | "queues" | "scripts"> = (call, state) => {
  const { id, queue, created } = findConsumer(call, state);
  const changed = state.consumers.put(id, { id, queue, created, ...readConsumer(call, state.scripts) });
  return { result: consumerJson(changed) };
};

const deleteConsumer: Operation<"consumers" | "queues"> = (call, state) => {
  state.consumers.remove(findConsumer(call, state).id);
  return { result: null };
};

const getQueue: Operation<QueueState> = (call, state) => ({ result: queueJson(findQueue(call, state), state) });

const listConsumers: Operation<"consumers" | "queues"> = (call, state) => {
  const consumer = consumerOf(findQueue(call, state), state.consumers);
  return { result: consumer ? [consumerJson(consumer)] : [] };
};

/** A message of somebody who has a token (API docs, "Push Message"). */
const pushMessage: Operation<"queues" | "messages", "clock" | "queueDelivery"> = (
  call,
  state,
  { clock, queueDelivery },
) => {
  const queue = findQueue(call, state);
  const members = bodyMembers(call, 11003);
  const type = members.text("content_type", { oneOf: ["text", "json"] }) ?? "text";
  if (type === "json") throw unsupported("JSON messages that are pushed");
  const body = Buffer.from(members.requiredText("body")).toString("base64");
  const delay = members.integer("delay_seconds", 0, 86_400) ?? queue.settings?.delivery_delay ?? 0;
  members.end();
  if (Buffer.byteLength(body, "base64") > maxMessage)
    throw new CloudflareError(11003, 413, "The message is larger than 128 KB.");
  storeMessage(queue, { contentType: "text", body }, delay, state.messages, clock.now());
  queueDelivery.wake(queue);
  return { result: null };
};

/** What a queue holds (API docs, "Get Queue Metrics"); on Cloudflare about. */
const getQueueMetrics: Operation<"queues" | "messages", "clock"> = (call, state, { clock }) => {
  const { backlogCount, backlogBytes, oldestMessageTimestamp } = metricsOf(
    findQueue(call, state),
    state.messages,
    clock.now(),
  );
  const oldest = backlogCount > 0 ? oldestMessageTimestamp : 0;
  return {
    result: { backlog_count: backlogCount, backlog_bytes: backlogBytes, oldest_message_timestamp_ms: oldest },
  };
};

const path = "/accounts/{account}/queues";

export const queueOperations: OperationTable = {
  createQueue: writes(`POST ${path}`, createQueue),
  listQueues: reads(`GET ${path}`, listQueues),
  getQueue: reads(`GET ${path}/{queue}`, getQueue),
  getQueueMetrics: reads(`GET ${path}/{queue}/metrics`, getQueueMetrics),
  patchQueue: writes(`PATCH ${path}/{queue}`, patchQueue),
  deleteQueue: writes(`DELETE ${path}/{queue}`, deleteQueue),
  listConsumers: reads(`GET ${path}/{queue}/consumers`, listConsumers),
  createConsumer: writes(`POST ${path}/{queue}/consumers`, createConsumer),
  putConsumer: writes(`PUT ${path}/{queue}/consumers/{consumer}`, putConsumer),
  pushMessage: writes(`POST ${path}/{queue}/messages`, pushMessage),
  deleteConsumer: writes(`DELETE ${path}/{queue}/consumers/{consumer}`, deleteConsumer),
};
