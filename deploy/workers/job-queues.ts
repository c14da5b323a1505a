/**
 * The queues of an app's jobs with their consumer: found, made and deleted. Queues have no tags: one of our name is
 * ours by its connections.
 */
import { UserError } from "../../framework/model/user-error.ts";
import type { Owner } from "../parts.ts";
import type { Client } from "./client.ts";
import { CloudflareError, hasCode, isMissing } from "./cloudflare-error.ts";
import { idempotentCreate } from "./idempotent-create.ts";
import { scriptName } from "./names.ts";

/** A queue as the API has it (developers.cloudflare.com/api, "Queues"). */
interface Queue {
  readonly queue_id: string;
  readonly queue_name: string;
  readonly producers?: readonly { readonly type?: string; readonly script?: string }[];
  readonly consumers?: readonly Consumer[];
}

/** `script` in a queue, `script_name` in newer answers. */
interface Consumer {
  readonly consumer_id: string;
  readonly script?: string;
  readonly script_name?: string;
  readonly settings?: { readonly max_concurrency?: number };
}

/** The queues of an app's name, and what calls them. */
export interface FoundQueues {
  /** `free`: nothing is connected, as with one that was just made. */
  readonly state: "ours" | "free" | "taken";
  readonly id: string | undefined;
  /** Of the dead letter queue. */
  readonly deadId: string | undefined;
  readonly consumer: { readonly id: string; readonly concurrency: number | undefined } | undefined;
  readonly hasClock: boolean;
}

export const queuesPath = "/queues";

/** Takes what crashed a hundred times: dead jobs are in the store. */
export const deadName = (name: string): string => `${name}-dead`;

/** The one cron trigger; which schedules are due is the release's own. */
export const everyMinute = "* * * * *";

export async function findQueue(client: Client, name: string): Promise<Queue | undefined> {
  const call = { operation: "listQueues", method: "GET", path: `${queuesPath}?name=${name}` } as const;
  return (await client.call<readonly Queue[]>(call)).find((queue) => queue.queue_name === name);
}

async function hasSchedule(client: Client, script: string): Promise<boolean> {
  return (await schedulesOf(client, script)).includes(everyMinute);
}

export async function schedulesOf(client: Client, script: string): Promise<readonly string[]> {
  const call = { operation: "getSchedules", method: "GET", path: `/workers/scripts/${script}/schedules` } as const;
  try {
    const { schedules } = await client.call<{ readonly schedules: readonly { readonly cron: string }[] }>(call);
    return schedules.map(({ cron }) => cron);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export const scriptOf = ({ script, script_name }: Consumer): string | undefined => script ?? script_name;

/** One round of calls. */
export async function findQueues(client: Client, owner: Owner): Promise<FoundQueues | undefined> {
  const name = scriptName(owner);
  const [queue, dead, hasClock] = await Promise.all([
    findQueue(client, name),
    findQueue(client, deadName(name)),
    hasSchedule(client, name),
  ]);
  if (!queue && !dead && !hasClock) return undefined;
  const scripts = [
    ...(queue?.producers ?? []).map(({ script }) => script ?? ""),
    ...(queue?.consumers ?? []).map((consumer) => scriptOf(consumer) ?? ""),
  ];
  const [consumer] = (queue?.consumers ?? []).filter((one) => scriptOf(one) === name);
  const isPair = queue !== undefined && dead !== undefined;
  return {
    state: scripts.some((script) => script !== name) ? "taken" : scripts.length > 0 || isPair ? "ours" : "free",
    id: queue?.queue_id,
    deadId: dead?.queue_id,
    consumer: consumer && { id: consumer.consumer_id, concurrency: consumer.settings?.max_concurrency },
    hasClock,
  };
}

/** Makes the queues that are missing, before a version is bound to them. Throws UserError NAME_TAKEN. */
export async function ensureQueues(client: Client, owner: Owner, found: FoundQueues | undefined): Promise<void> {
  const name = scriptName(owner);
  if (found?.state === "taken") throw queueTaken(name);
  // In this order, so that a queue of ours always has where its dead letters go.
  if (found?.deadId === undefined) await createQueue(client, deadName(name));
  if (found?.id === undefined) await createQueue(client, name);
}

/** A stage's queue of jobs, for people. */
export interface StageQueue {
  /** Messages that wait or run, as Cloudflare knows them: about. */
  count(): Promise<number>;
  send(body: string): Promise<void>;
}

/** Throws UserError QUEUE_MISSING. */
export async function openStageQueue(client: Client, owner: Owner): Promise<StageQueue> {
  const name = scriptName(owner);
  const found = await findQueues(client, owner);
  if (found?.id === undefined || found.state === "taken")
    throw new UserError(
      "QUEUE_MISSING",
      `there is no queue ${name} of this app`,
      `Run portico deploy --stage ${owner.stage} --target workers with a job first.`,
    );
  const at = `${queuesPath}/${found.id}`;
  return {
    async count() {
      const call = { operation: "getQueueMetrics", method: "GET", path: `${at}/metrics` } as const;
      return (await client.call<{ readonly backlog_count: number }>(call)).backlog_count;
    },
    async send(body) {
      const json = { body, content_type: "text" };
      await client.call({ operation: "pushMessage", method: "POST", path: `${at}/messages`, json });
    },
  };
}

/** The code for a name that is taken. */
const nameTaken = 11009;

async function createQueue(client: Client, name: string): Promise<string> {
  const look = async (): Promise<string | undefined> => (await findQueue(client, name))?.queue_id;
  const json = { queue_name: name };
  return idempotentCreate(client, look, async () => {
    const call = { operation: "createQueue", method: "POST", path: queuesPath, json, isNotRepeatable: true } as const;
    try {
      return (await client.call<Queue>(call)).queue_id;
    } catch (error) {
      // Another deployer's was first.
      const theirs = hasCode(error, nameTaken) ? await look() : undefined;
      if (theirs !== undefined) return theirs;
      throw error;
    }
  });
}

export const queueTaken = (name: string): UserError =>
  new UserError(
    "NAME_TAKEN",
    `the queue ${name} exists in the account, and another Worker uses it`,
    "Rename the app or the stage, or remove that queue.",
  );

async function deleteConsumer(client: Client, queue: string | undefined, consumer: string): Promise<void> {
  await deleteIfThere(client, "deleteConsumer", `${queuesPath}/${queue}/consumers/${consumer}`);
}

async function deleteIfThere(client: Client, operation: string, at: string): Promise<void> {
  try {
    await client.call({ operation, method: "DELETE", path: at });
  } catch (error) {
    if (!(error instanceof CloudflareError && error.status === 404)) throw error;
  }
}

/** A Worker that consumes cannot be deleted (10064). */
export async function endConsumer(client: Client, found: FoundQueues | undefined): Promise<void> {
  if (found?.consumer) await deleteConsumer(client, found.id, found.consumer.id);
}

/**
 * Deletes the queues with the messages that wait in them, and gives their names. After the Worker, since a queue that a
 * Worker is bound to cannot be deleted (11005).
 */
export async function deleteQueues(
  client: Client,
  owner: Owner,
  found: FoundQueues | undefined,
): Promise<readonly string[]> {
  if (found?.state !== "ours") return [];
  const name = scriptName(owner);
  const queues = [[found.id, name] as const, [found.deadId, deadName(name)] as const].filter(
    ([id]) => id !== undefined,
  );
  for (const [id] of queues) await deleteIfThere(client, "deleteQueue", `${queuesPath}/${id}`);
  return queues.map(([, queue]) => queue);
}
