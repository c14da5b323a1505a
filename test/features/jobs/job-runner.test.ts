/** The runner on Node when something around the jobs fails: nothing is lost, and it goes on. */
import { expect, it, onTestFinished } from "vitest";
import { type JobRunnerOptions, startJobRunner } from "../../../framework/features/jobs/job-runner.ts";
import type { Outcome } from "../../../framework/features/jobs/run.ts";
import { openSqliteQueue } from "../../../framework/features/jobs/sqlite-queue.ts";
import { dataFolder } from "./data-folder.ts";
import { createFakeTime } from "./fake-time.ts";

const settled = async (): Promise<void> => {
  // oxlint-disable-next-line no-await-in-loop
  for (let turn = 0; turn < 10; turn += 1) await new Promise((next) => setImmediate(next));
};

/** A runner of one message. */
function startLab(options: Partial<JobRunnerOptions>) {
  const data = dataFolder();
  const time = createFakeTime(Date.parse("2026-11-29T23:57:30Z"));
  const queue = openSqliteQueue(data);
  queue.send(JSON.stringify({ job: "job", data: null, id: "one" }), time.now());
  const errors: unknown[] = [];
  const runner = startJobRunner({
    data,
    concurrency: 2,
    ticksAt: undefined,
    run: async () => ({ type: "done" }),
    keepDead: async () => {},
    onError: (error) => errors.push(error),
    time,
    ...options,
  });
  onTestFinished(async () => {
    await Promise.all([runner.close(0), time.advance(0, settled)]);
    queue.close();
  });
  return { errors, queue, runner, pass: (seconds: number) => time.advance(seconds * 1000, settled) };
}

it("keeps a dead message in the queue until the store has it", async () => {
  const dead: Outcome = { type: "dead", dead: { job: "job", data: null, id: "one", attempts: 1, error: "Error" } };
  let tries = 0;
  const kept: unknown[] = [];
  const { errors, queue, pass } = startLab({
    run: async () => dead,
    async keepDead(one) {
      tries += 1;
      if (tries < 3) throw new Error("disk full");
      kept.push(one);
    },
  });
  await pass(0);
  expect(queue.counts()).toMatchObject([{ running: 1 }]);
  await pass(3);
  expect([tries, kept.length, errors.length]).toEqual([3, 1, 2]);
  expect(queue.counts()).toEqual([]);
});

it("gives a message again whose run was not even begun", async () => {
  let runs = 0;
  const { errors, queue, pass } = startLab({
    async run() {
      runs += 1;
      if (runs === 1) throw new Error("no thread");
      return { type: "done" };
    },
  });
  await pass(10);
  expect([runs, errors.length]).toEqual([1, 1]);
  await pass(60);
  expect(runs).toBe(2);
  expect(queue.counts()).toEqual([]);
});

it("goes on after an error of the clock, which it reports once", async () => {
  let isBroken = true;
  const { errors, queue, pass } = startLab({
    ticksAt() {
      if (isBroken) throw new Error("broken");
      return [];
    },
  });
  await pass(20);
  expect(errors).toMatchObject([{ message: "broken" }]);
  isBroken = false;
  await pass(2);
  expect(queue.counts()).toEqual([]);
});

it("tells a running job that the process stops, and does not wait for ever", async () => {
  const aborted = Promise.withResolvers<unknown>();
  const { queue, runner, pass } = startLab({
    run: (_delivery, stopping) =>
      new Promise(() => stopping.addEventListener("abort", () => aborted.resolve(stopping.reason))),
  });
  await pass(0);
  const closed = runner.close(10_000);
  await pass(4);
  await pass(2);
  expect(await aborted.promise).toMatchObject({ code: "JOB_TIMEOUT" });
  await Promise.all([closed, pass(5)]);
  // The next leader gives it again.
  queue.releaseClaims();
  expect(queue.counts()).toMatchObject([{ waiting: 1 }]);
});
