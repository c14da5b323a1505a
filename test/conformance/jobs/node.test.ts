/** Runs the cases of jobs on Node's queue, and what only this queue promises. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { keepDeadJob, listDeadJobs } from "../../../framework/features/jobs/dead-jobs.ts";
import { startJobRunner } from "../../../framework/features/jobs/job-runner.ts";
import { toMessage } from "../../../framework/features/jobs/message.ts";
import { runJob } from "../../../framework/features/jobs/run.ts";
import { openSqliteQueue } from "../../../framework/features/jobs/sqlite-queue.ts";
import { ticksAt } from "../../../framework/features/jobs/ticks.ts";
import { store } from "../../../framework/features/store/node.ts";
import type { Env } from "../../../framework/runtime/handler.ts";
import { dataFolder } from "../../features/jobs/data-folder.ts";
import { createFakeTime } from "../../features/jobs/fake-time.ts";
import { jobCases } from "./job-cases.ts";
import { beginning, type JobLab, type TestJobs, toJobs } from "./job-lab.ts";

async function openLab(jobs: TestJobs, folder?: string): Promise<JobLab> {
  const data = folder ?? mkdtempSync(join(tmpdir(), "portico-jobs-"));
  const time = createFakeTime(beginning);
  const call = { env: {} as Env, platform: { name: "node", data }, waitUntil: () => {} } as const;
  const dead = { store, context: call };
  let built = toJobs(jobs);
  const queue = openSqliteQueue(data);
  const runner = startJobRunner({
    data,
    concurrency: 2,
    ticksAt: (minute) => ticksAt(built, minute),
    run: (delivery, stopping) => runJob(built, delivery, { call, stopping, after: time.after }),
    keepDead: (one) => keepDeadJob(dead, one),
    onError: (error) => {
      throw error;
    },
    time,
  });
  /** Jobs that wait for time keep it; all others end within a few turns of the event loop. */
  const settled = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop
    for (let turn = 0; turn < 10; turn += 1) await new Promise((next) => setImmediate(next));
  };
  return {
    async send(job, sent, options = {}) {
      const { id, body } = toMessage(job, sent, options, Object.keys(built));
      queue.send(body, time.now() + (options.delay ?? 0) * 1000);
      return { id };
    },
    put: async (body) => queue.send(body, time.now()),
    advance: (seconds) => time.advance(seconds * 1000, settled),
    jump: (seconds) => time.jump(seconds * 1000),
    release: async (next) => {
      built = toJobs(next);
    },
    dead: () => listDeadJobs(dead),
    waiting: async () => queue.counts().reduce((sum, { waiting, running }) => sum + waiting + running, 0),
    async close() {
      await Promise.all([runner.close(0), time.advance(0, settled)]);
      queue.close();
      if (folder === undefined) rmSync(data, { recursive: true });
    },
  };
}

jobCases("node", openLab, { catchesUp: true });

it("one runner leads, and another takes over with the messages that it had claimed", async () => {
  const data = dataFolder();
  const runs: string[] = [];
  const first = await openLab({ hangs: { run: () => (runs.push("first"), new Promise(() => {})) } }, data);
  const second = await openLab({ hangs: { run: (_data, { attempt }) => void runs.push(`second ${attempt}`) } }, data);
  await first.send("hangs");
  await first.advance(10);
  await second.advance(10);
  expect(runs).toEqual(["first"]);
  await first.close();
  await second.advance(10);
  expect(runs).toEqual(["first", "second 2"]);
  await second.close();
});

it("runs two at once, and the others after them", async () => {
  const ends: (() => void)[] = [];
  const lab = await openLab({ slow: { run: () => new Promise<void>((end) => ends.push(end)) } });
  for (let count = 0; count < 3; count += 1) await lab.send("slow");
  await lab.advance(10);
  expect(ends.length).toBe(2);
  ends[0]!();
  await lab.advance(10);
  expect(ends.length).toBe(3);
  await lab.close();
});

it("shows a message at once whose delay a clock that was put back made longer than any", async () => {
  const runs: unknown[] = [];
  const lab = await openLab({ ok: { run: () => void runs.push(1) } });
  await lab.send("ok", null, { delay: 900 });
  lab.jump(-7200);
  await lab.advance(120);
  expect(runs.length).toBe(1);
  await lab.close();
});
