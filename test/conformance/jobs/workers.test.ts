/** Runs the cases of jobs on Workers' handlers, behind the queues of the local Cloudflare. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { expect, it, vi } from "vitest";
import { answerProducer } from "../../../framework/cloud/cloudflare/queue-messages.ts";
import { createQueueDelivery } from "../../../framework/cloud/cloudflare/queue-delivery.ts";
import type { DeploymentRecord, VersionRecord } from "../../../framework/cloud/cloudflare/records.ts";
import { Collection } from "../../../framework/cloud/collection.ts";
import type { QueuedMessage, QueueOutcome } from "../../../framework/emulation/workers/miniflare-version.ts";
import type { BuiltJobs } from "../../../framework/features/jobs/built-jobs.ts";
import { keepDeadJob, listDeadJobs } from "../../../framework/features/jobs/dead-jobs.ts";
import { runJob } from "../../../framework/features/jobs/run.ts";
import { ticksAt } from "../../../framework/features/jobs/ticks.ts";
import { sendTo } from "../../../framework/features/jobs/workers.ts";
import { type JobHandlers, jobHandlers } from "../../../framework/features/jobs/workers-handlers.ts";
import { store } from "../../../framework/features/store/workers.ts";
import { storeSchema } from "../../../framework/model/store-schema.ts";
import { createFakeTime, type FakeTime } from "../../features/jobs/fake-time.ts";
import { jobCases } from "./job-cases.ts";
import { beginning, type JobLab, type TestJobs, toJobs } from "./job-lab.ts";

const minute = 60_000;

/** A D1 binding over SQLite in memory. */
function openDatabase() {
  const database = new DatabaseSync(":memory:");
  for (const sql of storeSchema) database.exec(sql);
  const prepare = (sql: string, params: readonly SQLInputValue[] = []) => ({
    bind: (...values: readonly SQLInputValue[]) => prepare(sql, values),
    run: () => ({ results: database.prepare(sql).all(...params) }),
  });
  const batch = async (statements: readonly ReturnType<typeof prepare>[]) => statements.map(({ run }) => run());
  return { prepare, batch };
}

/** The state of a Cloudflare with one queue, and a Worker that consumes it as a release makes it. */
function openState(folder: string) {
  const collection = <T>(name: string): Collection<T> => new Collection<T>(join(folder, name));
  const state = {
    consumers: collection<never>("consumers"),
    deployments: collection<DeploymentRecord>("deployments"),
    messages: collection<never>("messages"),
    queues: collection<never>("queues"),
    versions: collection<VersionRecord>("versions"),
  };
  const queue = { id: "q", name: "app--test", created: "", settings: {} };
  const settings = { batch_size: 1, max_wait_time_ms: 0, max_retries: 100, retry_delay: 60 };
  state.queues.put("q", queue as never);
  state.consumers.put("c", { id: "c", queue: "q", script: "app", created: "", settings } as never);
  state.versions.put("app/v", { script: "app", id: "v" } as VersionRecord);
  const share = { version_id: "v", percentage: 100 };
  state.deployments.put("d", { script: "app", sequence: 1, versions: [share] } as unknown as DeploymentRecord);
  return { state, queue };
}

/** Calls the handler with messages as workerd's, and says what it did with them. */
async function deliver(
  queue: JobHandlers["queue"],
  env: Readonly<Record<string, unknown>>,
  messages: readonly QueuedMessage[],
): Promise<QueueOutcome> {
  const explicitAcks: string[] = [];
  const retryMessages: { readonly msgId: string; readonly delaySeconds?: number }[] = [];
  const batch = messages.map((message) => ({
    body: (message as { readonly body: unknown }).body,
    attempts: message.attempts,
    ack: () => void explicitAcks.push(message.id),
    retry: (options: { readonly delaySeconds: number }) => void retryMessages.push({ msgId: message.id, ...options }),
  }));
  await queue({ messages: batch }, env, { waitUntil: () => {} });
  return { outcome: "ok", ackAll: false, retryBatch: { retry: false }, explicitAcks, retryMessages };
}

const built = (jobs: TestJobs, time: FakeTime): BuiltJobs => ({
  run: (delivery, options) => runJob(toJobs(jobs), delivery, { ...options, after: time.after }),
  ticksAt: (at) => ticksAt(toJobs(jobs), at),
  keepDead: (dead, context) => keepDeadJob({ store, context }, dead),
});

/** Jobs that wait for time keep it; all others end within a few turns of the event loop. */
async function settled(): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop
  for (let turn = 0; turn < 20; turn += 1) await new Promise((next) => setImmediate(next));
}

async function openLab(jobs: TestJobs): Promise<JobLab> {
  const folder = mkdtempSync(join(tmpdir(), "portico-queue-"));
  const time = createFakeTime(beginning);
  const clock = { now: time.now, sleep: () => Promise.resolve() };
  const { state, queue } = openState(folder);
  let live = jobs;
  const onError = (error: unknown): never => {
    throw error;
  };
  const inbox = { ...state, clock, onArrival: () => delivery.wake(queue) };
  const answer = async (body: BodyInit, headers: Record<string, string>): Promise<void> => {
    const request = new Request("http://queue/message", { method: "POST", body, headers });
    const response = await answerProducer(queue.name, request, inbox);
    if (!response.ok) throw new Error(await response.text());
  };
  const env = {
    PORTICO_STORE: openDatabase(),
    PORTICO_JOBS: {
      send: (body: string, { delaySeconds }: { readonly delaySeconds: number }) =>
        answer(body, { "x-msg-fmt": "text", "x-msg-delay-secs": String(delaySeconds) }),
    },
  };
  const handlers = jobHandlers(async () => ({ default: built(live, time) }), [], true);
  const version = {
    queue: (_name: string, messages: readonly QueuedMessage[]) => deliver(handlers.queue, env, messages),
  };
  const pool = { lease: async () => ({ version, release: () => {} }) };
  const delivery = createQueueDelivery({ state, clock, pool: pool as never, onLog: () => {}, onError });
  delivery.start();
  const context = { platform: { name: "workers", env }, waitUntil: () => {} } as never;
  const tick = (): void => {
    handlers.scheduled({ scheduledTime: time.now() }, env, { waitUntil: () => {} }).catch(onError);
    time.after(minute, tick);
  };
  time.after(minute - (beginning % minute), tick);
  const poll = (): void => {
    delivery.tick();
    time.after(1000, poll);
  };
  poll();
  return {
    send: (job, data, options) => sendTo(Object.keys(live))(context, job as never, data as never, options),
    put: (body) => env.PORTICO_JOBS.send(body, { delaySeconds: 0 }),
    advance: (seconds) => time.advance(seconds * 1000, settled),
    jump: (seconds) => time.jump(seconds * 1000),
    release: async (next) => {
      live = next;
    },
    dead: () => listDeadJobs({ store, context }),
    waiting: async () => state.messages.all().length,
    async close() {
      delivery.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

jobCases("workers", openLab, { catchesUp: false });

it("keeps a message that is dead while the store does not answer", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  const retries: unknown[] = [];
  const jobs: TestJobs = { bad: { run: () => Promise.reject(new Error("no")), retries: 0 } };
  const { queue } = jobHandlers(async () => ({ default: built(jobs, createFakeTime(0)) }), [], true);
  const message = {
    body: JSON.stringify({ job: "bad", data: null, id: "1" }),
    attempts: 1,
    ack: () => retries.push("ack"),
    retry: (options: unknown) => void retries.push(options),
  };
  await queue({ messages: [message] }, {}, { waitUntil: () => {} });
  expect(retries).toEqual([{ delaySeconds: 60 }]);
  log.mockRestore();
});

it("refuses to send where no queue is bound, and tells a queue that does not answer", async () => {
  const context = (env: object) => ({ platform: { name: "workers", env }, waitUntil: () => {} }) as never;
  await expect(sendTo(["a"])(context({}), "a" as never, undefined as never)).rejects.toMatchObject({
    code: "JOB_MISSING",
  });
  const send = vi.fn<() => Promise<never>>(() => Promise.reject(new Error("Queue is overloaded")));
  await expect(
    sendTo(["a"])(context({ PORTICO_JOBS: { send } }), "a" as never, undefined as never),
  ).rejects.toMatchObject({
    code: "JOB_BUSY",
  });
  expect(send).toHaveBeenCalledTimes(2);
});
