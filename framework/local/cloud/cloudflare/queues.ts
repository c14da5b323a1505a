/** Queues by name, and the one Worker that consumes each: made, listed, changed and deleted over the API. */
import { randomUUID } from "node:crypto";
import type { Members } from "../members.ts";
import { bodyMembers } from "./body.ts";
import { CloudflareError, notSpoken } from "./cloudflare-error.ts";
import { type Edge, timestamp } from "./edge.ts";
import { mainVersion } from "./find.ts";
import { type Call, type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./page.ts";
import { consumerOf } from "./queue-delivery.ts";
import type { ConsumerRecord, QueueRecord } from "./records.ts";

function shownConsumer({ id, script, created, deadLetterQueue, settings }: ConsumerRecord): Readonly<Record<string, unknown>> {
  return {
    ...{ consumer_id: id, type: "worker", script, created_on: created, settings },
    ...(deadLetterQueue !== undefined && { dead_letter_queue: deadLetterQueue }),
  };
}

function shown(queue: QueueRecord, edge: Edge): Readonly<Record<string, unknown>> {
  const { id, name, created, settings } = queue;
  const producers = edge.state.scripts
    .all()
    .filter((script) => mainVersion(script, edge)?.bindings.some(({ type, queue_name }) => type === "queue" && queue_name === name))
    .map((script) => ({ type: "worker", script: script.name }));
  const consumer = consumerOf(queue, edge);
  const consumers = consumer ? [shownConsumer(consumer)] : [];
  return {
    ...{ queue_id: id, queue_name: name, created_on: created, modified_on: created, ...(settings && { settings }) },
    ...{ producers, producers_total_count: producers.length, consumers, consumers_total_count: consumers.length },
  };
}

function findQueue(call: Call, edge: Edge): QueueRecord {
  const found = edge.state.queues.get(call.path["queue"] ?? "");
  if (!found) throw new CloudflareError(11000, 404, "Queue not found.");
  return found;
}

function readSettings(members: Members): QueueRecord["settings"] {
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

const createQueue: Operation = (call, edge) => {
  const members = bodyMembers(call, 11003);
  const name = members.requiredText("queue_name", { pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/ });
  const settings = readSettings(members) ?? {};
  members.end();
  if (edge.state.queues.all().some((queue) => queue.name === name))
    throw new CloudflareError(11009, 409, `Queue name '${name}' is already taken. Please use a different name and try again.`);
  const id = randomUUID().replaceAll("-", "");
  return { result: shown(edge.state.queues.put(id, { id, name, created: timestamp(edge), settings }), edge) };
};

/** What is not given stays. */
const patchQueue: Operation = (call, edge) => {
  const queue = findQueue(call, edge);
  const members = bodyMembers(call, 11003);
  const name = members.text("queue_name");
  const settings = { ...queue.settings, ...readSettings(members) };
  members.end();
  if (name !== undefined && name !== queue.name) throw notSpoken("renaming queues");
  const changed = edge.state.queues.put(queue.id, { ...queue, settings });
  edge.queues.arrived(changed);
  return { result: shown(changed, edge) };
};

const listQueues: Operation = ({ query }, edge) => {
  const name = query.get("name");
  const { items, info } = pageOf(
    edge.state.queues.all().filter((queue) => name === null || queue.name === name),
    query,
    100,
    100,
  );
  return { result: items.map((queue) => shown(queue, edge)), info };
};

/** What waits in it goes with it. */
const deleteQueue: Operation = (call, edge) => {
  const { id } = findQueue(call, edge);
  edge.state.queues.remove(id);
  for (const children of [edge.state.consumers, edge.state.messages])
    for (const child of children.all()) if (child.queue === id) children.remove(child.id);
  return { result: null };
};

/** Ranges and defaults of the documentation (Queues: consumer settings). */
function readConsumer(call: Call, edge: Edge): Pick<ConsumerRecord, "script" | "settings" | "deadLetterQueue"> {
  const members = bodyMembers(call, 11003);
  if (members.text("type", { oneOf: ["worker", "http_pull"] }) === "http_pull") throw notSpoken("pull consumers of queues");
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
  if (!edge.state.scripts.get(script)) throw new CloudflareError(10007, 404, "This Worker does not exist on your account.");
  return { script, settings, ...(deadLetterQueue !== undefined && { deadLetterQueue }) };
}

function findConsumer(call: Call, edge: Edge): ConsumerRecord {
  const consumer = edge.state.consumers.get(call.path["consumer"] ?? "");
  if (consumer?.queue !== findQueue(call, edge).id) throw new CloudflareError(11005, 404, "The consumer does not exist.");
  return consumer;
}

const createConsumer: Operation = (call, edge) => {
  const queue = findQueue(call, edge);
  const consumer = readConsumer(call, edge);
  if (consumerOf(queue, edge)) throw new CloudflareError(11004, 400, `Queue ${queue.name} already has a consumer.`);
  const id = randomUUID().replaceAll("-", "");
  const record = edge.state.consumers.put(id, { id, queue: queue.id, created: timestamp(edge), ...consumer });
  edge.queues.arrived(queue);
  return { result: shownConsumer(record) };
};

const putConsumer: Operation = (call, edge) => {
  const { id, queue, created } = findConsumer(call, edge);
  return { result: shownConsumer(edge.state.consumers.put(id, { id, queue, created, ...readConsumer(call, edge) })) };
};

const deleteConsumer: Operation = (call, edge) => {
  edge.state.consumers.remove(findConsumer(call, edge).id);
  return { result: null };
};

const queues = "/accounts/{account}/queues";

export const queueTable: OperationTable = {
  createQueue: writes(`POST ${queues}`, createQueue),
  listQueues: reads(`GET ${queues}`, listQueues),
  getQueue: reads(`GET ${queues}/{queue}`, (call, edge) => ({ result: shown(findQueue(call, edge), edge) })),
  patchQueue: writes(`PATCH ${queues}/{queue}`, patchQueue),
  deleteQueue: writes(`DELETE ${queues}/{queue}`, deleteQueue),
  listConsumers: reads(`GET ${queues}/{queue}/consumers`, (call, edge) => {
    const consumer = consumerOf(findQueue(call, edge), edge);
    return { result: consumer ? [shownConsumer(consumer)] : [] };
  }),
  createConsumer: writes(`POST ${queues}/{queue}/consumers`, createConsumer),
  putConsumer: writes(`PUT ${queues}/{queue}/consumers/{consumer}`, putConsumer),
  deleteConsumer: writes(`DELETE ${queues}/{queue}/consumers/{consumer}`, deleteConsumer),
};
