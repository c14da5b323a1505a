/** How the jobs of a release are called: the Worker that consumes their queue, and the clock. None is versioned. */
import { defaultJobConcurrency, hasClock } from "../../framework/model/app.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { inParallel } from "../parallel.ts";
import type { DeployedPart, Owner, Part } from "../parts.ts";
import type { Leftover } from "../platform.ts";
import type { Client } from "./client.ts";
import { hasCode } from "./cloudflare-error.ts";
import {
  deadName,
  endConsumer,
  everyMinute,
  findQueue,
  findQueues,
  type FoundQueues,
  queuesPath,
  queueTaken,
  schedulesOf,
  scriptOf,
} from "./job-queues.ts";
import { scriptName } from "./names.ts";

/** How an app's jobs are called. */
export interface JobTriggers {
  readonly concurrency: number;
  /** Whether schedules run. */
  readonly clock: boolean;
}

/** Characters of a queue's name (API docs, "Queues"). */
const longest = 63;

/** Undefined for an app without jobs. Throws UserError NAME_TOO_LONG. */
export function jobTriggers({ app, jobs }: Manifest): JobTriggers | undefined {
  if (!jobs) return undefined;
  const name = deadName(scriptName({ app: app.name, stage: app.stage }));
  if (name.length > longest)
    throw new UserError(
      "NAME_TOO_LONG",
      `the queue ${name} has ${name.length} characters, and Cloudflare takes ${longest}`,
      `Shorten "name" in hosting.json or the stage's name.`,
    );
  const clock = hasClock(app, "workers") && jobs.some(({ cron }) => cron !== undefined);
  return { concurrency: app.jobConcurrency ?? defaultJobConcurrency, clock };
}

const queuePart = (name: string, { concurrency }: Pick<JobTriggers, "concurrency">): Part => ({
  kind: "queue",
  name,
  key: String(concurrency),
  facts: [{ label: "jobs at once", value: String(concurrency) }],
  shared: true,
});

const clockPart = (note?: string): Part => ({
  kind: "schedule",
  name: everyMinute,
  key: "on",
  shared: true,
  ...(note !== undefined && { note }),
});

/** The queues and the clock as parts that all releases share. */
export const triggerPartsOf = (owner: Owner, triggers: JobTriggers, cronNote?: string): readonly Part[] => [
  queuePart(scriptName(owner), triggers),
  { kind: "queue", name: deadName(scriptName(owner)), key: "dead letters", shared: true },
  ...(triggers.clock ? [clockPart(cronNote)] : []),
];

/** What is there of them. A queue without a consumer does nothing yet. */
export function deployedQueues(owner: Owner, found: FoundQueues | undefined): readonly DeployedPart[] {
  if (!found) return [];
  const name = scriptName(owner);
  const { id, deadId, consumer, state, hasClock } = found;
  const concurrency = consumer?.concurrency ?? 0;
  return [
    ...(id !== undefined && state === "ours" ? [queuePart(name, { concurrency })] : []),
    ...(deadId !== undefined && state === "ours"
      ? [{ kind: "queue" as const, name: deadName(name), key: "dead letters" }]
      : []),
    ...(hasClock ? [clockPart()] : []),
  ];
}

/** How the jobs of a release are called, by the keys of its record; undefined for one without jobs. */
export function recordedTriggers(
  owner: Owner,
  parts: Readonly<Record<string, string>> | undefined,
): JobTriggers | undefined {
  const concurrency = parts?.[`queue ${scriptName(owner)}`];
  if (concurrency === undefined) return undefined;
  return { concurrency: Number(concurrency), clock: `schedule ${everyMinute}` in (parts ?? {}) };
}

/** Of a run that did not end: what calls the jobs of a release that is not live. @param live its parts */
export function queueLeftovers(
  owner: Owner,
  { queues }: ObservedQueues,
  live: Readonly<Record<string, string>> | undefined,
): readonly Leftover[] {
  if (!live || recordedTriggers(owner, live) || queues?.state === "taken") return [];
  if (!queues?.consumer && !queues?.hasClock) return [];
  return [{ kind: "job", name: "live", reason: "the live release has no jobs, and some are called" }];
}

/** What was found of the queues. */
export interface ObservedQueues {
  /** Undefined where there are none, or where nobody looked. */
  readonly queues: FoundQueues | undefined;
  readonly cronNote?: string | undefined;
}

interface QueueInput {
  readonly client: Client;
  readonly owner: Owner;
  /** How the next release's jobs are called, null for one without any; absent without a build. */
  readonly jobs?: JobTriggers | null;
}

/**
 * Looks for them at once where the next release has jobs, and without a build, where a token that may not read queues
 * is no failure. Beside a build without jobs, only if a kept release turns out to have some. One round of calls.
 */
export function lookForQueues(input: QueueInput): (hadJobs: boolean) => Promise<ObservedQueues> {
  const looking = input.jobs === null ? undefined : observeQueues(input);
  looking?.catch(() => undefined);
  return async (hadJobs) => {
    if (looking) return looking;
    return hadJobs ? observeQueues(input) : { queues: undefined };
  };
}

async function observeQueues({ client, owner, jobs }: QueueInput): Promise<ObservedQueues> {
  try {
    const queues = await findQueues(client, owner);
    return { queues, ...(jobs?.clock && !queues?.hasClock && { cronNote: await cronNote(client) }) };
  } catch (error) {
    if (jobs === undefined && hasCode(error, 10_000, 9109)) return { queues: undefined };
    throw error;
  }
}

/**
 * A queue of dead letters that is alone is made first and removed last: ours, where the store is, which every app with
 * jobs has and which goes after it.
 */
export function withOwnDead({ queues, ...more }: ObservedQueues, hasStore: boolean): ObservedQueues {
  const isLeft = hasStore && queues?.state === "free" && queues.id === undefined;
  return { ...more, queues: isLeft ? { ...queues, state: "ours" } : queues };
}

/** The code for a queue that has a consumer. */
const hasConsumer = 11004;

/**
 * Makes the Worker consume, and sets the clock, where they are not as a release wants them. What an earlier release
 * needs stays: only a release without jobs takes the consumer away, since its Worker has no handler. Two calls at most.
 */
export async function settleTriggers(
  client: Client,
  owner: Owner,
  wanted: JobTriggers | undefined,
  found: FoundQueues | undefined,
): Promise<void> {
  const name = scriptName(owner);
  if (!wanted) {
    await endConsumer(client, found);
    if (found?.hasClock) await putSchedules(client, name, []);
    return;
  }
  if (found?.consumer?.concurrency !== wanted.concurrency) await putConsumer(client, name, wanted, found);
  if (wanted.clock && found?.hasClock !== true) await putSchedules(client, name, [{ cron: everyMinute }]);
}

async function putConsumer(
  client: Client,
  name: string,
  { concurrency }: JobTriggers,
  found: FoundQueues | undefined,
): Promise<void> {
  const json = {
    type: "worker",
    script_name: name,
    dead_letter_queue: deadName(name),
    // The retries are the core's; these are for a Worker that crashes before it says so, a minute later.
    settings: { batch_size: 1, max_wait_time_ms: 0, max_retries: 100, retry_delay: 60, max_concurrency: concurrency },
  };
  const id = found?.id ?? (await findQueue(client, name))?.queue_id;
  const at = `${queuesPath}/${id}/consumers`;
  const put = (consumer: string): Promise<unknown> =>
    client.call({ operation: "putConsumer", method: "PUT", path: `${at}/${consumer}`, json });
  if (found?.consumer) return void (await put(found.consumer.id));
  try {
    await client.call({ operation: "createConsumer", method: "POST", path: at, json });
  } catch (error) {
    // The answer of an earlier attempt was lost, or another deployer was first.
    if (!hasCode(error, hasConsumer)) throw error;
    const theirs = (await findQueue(client, name))?.consumers?.find((one) => scriptOf(one) === name);
    if (!theirs) throw queueTaken(name);
    await put(theirs.consumer_id);
  }
}

async function putSchedules(client: Client, script: string, json: readonly object[]): Promise<void> {
  await client.call({
    operation: "putSchedules",
    method: "PUT",
    path: `/workers/scripts/${script}/schedules`,
    json,
  });
}

/** Cron triggers of an account on the Free plan (docs: Workers limits), and Workers: one with more is not on it. */
const freeCrons = 5;
const freeScripts = 100;

/** For people, where one more may be one too many: a token cannot read the account's plan. */
export async function cronNote(client: Client): Promise<string | undefined> {
  const call = { operation: "listScripts", method: "GET", path: "/workers/scripts" } as const;
  const scripts = await client.call<readonly { readonly id: string }[]>(call);
  if (scripts.length > freeScripts) return undefined;
  const crons = await inParallel(scripts, 8, ({ id }) => schedulesOf(client, id));
  if (crons.flat().length < freeCrons) return undefined;
  return `the account has ${freeCrons} cron triggers or more: the Free plan has room for ${freeCrons}`;
}
