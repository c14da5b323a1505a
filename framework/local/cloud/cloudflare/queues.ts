/** Queues: by name, for Workers to send to; nothing consumes them here. */
import { randomUUID } from "node:crypto";
import { bodyMembers } from "./body.ts";
import { CloudflareError, notSpoken } from "./cloudflare-error.ts";
import { type Edge, timestamp } from "./edge.ts";
import { mainVersion } from "./find.ts";
import { type Call, type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./page.ts";
import type { ResourceRecord } from "./records.ts";

function shown({ id, name, created }: ResourceRecord, edge: Edge): Readonly<Record<string, unknown>> {
  const producers = edge.state.scripts
    .all()
    .filter((script) => mainVersion(script, edge)?.bindings.some(({ type, queue_name }) => type === "queue" && queue_name === name))
    .map((script) => ({ type: "worker", script: script.name }));
  return {
    ...{ queue_id: id, queue_name: name, created_on: created, modified_on: created },
    ...{ producers, producers_total_count: producers.length, consumers: [], consumers_total_count: 0 },
  };
}

function findQueue(call: Call, edge: Edge): ResourceRecord {
  const found = edge.state.queues.get(call.path["queue"] ?? "");
  if (!found) throw new CloudflareError(11000, 404, "Queue not found.");
  return found;
}

const createQueue: Operation = (call, edge) => {
  const members = bodyMembers(call, 11003);
  const name = members.requiredText("queue_name", { pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/ });
  const settings = members.structure("settings");
  settings?.integer("delivery_delay", 0, 86_400);
  settings?.integer("message_retention_period", 60, 1_209_600);
  settings?.flag("delivery_paused");
  settings?.end();
  members.end();
  if (edge.state.queues.all().some((queue) => queue.name === name))
    throw new CloudflareError(11009, 409, `Queue name '${name}' is already taken. Please use a different name and try again.`);
  const id = randomUUID().replaceAll("-", "");
  return { result: shown(edge.state.queues.put(id, { id, name, created: timestamp(edge) }), edge) };
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

const deleteQueue: Operation = (call, edge) => {
  edge.state.queues.remove(findQueue(call, edge).id);
  return { result: null };
};

const addConsumer: Operation = (call, edge) => {
  findQueue(call, edge);
  throw notSpoken("consumers of queues");
};

const queues = "/accounts/{account}/queues";

export const queueTable: OperationTable = {
  createQueue: writes(`POST ${queues}`, createQueue),
  listQueues: reads(`GET ${queues}`, listQueues),
  getQueue: reads(`GET ${queues}/{queue}`, (call, edge) => ({ result: shown(findQueue(call, edge), edge) })),
  deleteQueue: writes(`DELETE ${queues}/{queue}`, deleteQueue),
  listConsumers: reads(`GET ${queues}/{queue}/consumers`, (call, edge) => {
    findQueue(call, edge);
    return { result: [] };
  }),
  createConsumer: writes(`POST ${queues}/{queue}/consumers`, addConsumer),
};
