/** What a run decides about its message: done, again, dead, waiting; its signal, its timeout and its context. */
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Job, JobContext } from "../../../framework/features/jobs/job.ts";
import { type RunnableJobs, type Outcome, runJob, type RunOptions } from "../../../framework/features/jobs/run.ts";

const call: RunOptions["call"] = {
  env: { GREETING: "hi" } as never,
  platform: { name: "node" },
  waitUntil: () => {},
};

const jobsOf = (
  job: Job<never>,
  settings: { readonly retries?: number; readonly timeout?: number } = {},
): RunnableJobs => ({
  digest: { load: async () => ({ default: job }), retries: 3, timeout: 300, ...settings },
});

const message = (more: object = {}): string => JSON.stringify({ job: "digest", data: { a: 1 }, id: "one", ...more });

/** Errors of jobs are in the log, which this gives. */
function silence(): readonly unknown[][] {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => log.mockRestore());
  return log.mock.calls;
}

const failing: Job<never> = () => {
  throw new TypeError("no network");
};

describe("runJob", () => {
  it("gives a job its data, and what a handler's context has", async () => {
    const seen: [unknown, JobContext][] = [];
    const jobs = jobsOf((data, context) => void seen.push([data, context]));
    const scheduled = Date.parse("2026-11-29T00:00Z");
    expect(await runJob(jobs, { body: message({ scheduled }), attempt: 2 }, { call })).toEqual({ type: "done" });
    const [data, context] = seen[0]!;
    expect(data).toEqual({ a: 1 });
    expect(context).toMatchObject({
      id: "one",
      requestId: "one",
      attempt: 2,
      scheduled: new Date(scheduled),
      env: { GREETING: "hi" },
      platform: { name: "node" },
      clientAddress: undefined,
      var: {},
    });
    expect(context.signal.aborted).toBe(false);
  });

  it("repeats what throws after 5, 10, 20 … seconds, at most 900", async () => {
    const log = silence();
    const jobs = jobsOf(failing, { retries: 10 });
    const outcomes = await Promise.all(
      [1, 2, 3, 8, 9, 10].map((attempt) => runJob(jobs, { body: message(), attempt }, { call })),
    );
    expect(outcomes).toEqual([5, 10, 20, 640, 900, 900].map((after) => ({ type: "retry", after })));
    expect(log[1]).toEqual(["job digest one attempt 2", new TypeError("no network")]);
  });

  it("is dead after its retries, with its last error", async () => {
    silence();
    expect(await runJob(jobsOf(failing, { retries: 1 }), { body: message(), attempt: 2 }, { call })).toEqual({
      type: "dead",
      dead: { job: "digest", data: { a: 1 }, id: "one", attempts: 2, error: "TypeError: no network" },
    });
    expect((await runJob(jobsOf(failing, { retries: 0 }), { body: message(), attempt: 1 }, { call })).type).toBe(
      "dead",
    );
  });

  it("is dead without another run when the process ended during the last", async () => {
    silence();
    let runs = 0;
    const jobs = jobsOf(() => void (runs += 1), { retries: 1 });
    expect(await runJob(jobs, { body: message(), attempt: 3 }, { call })).toMatchObject({
      type: "dead",
      dead: { attempts: 3, error: "Error: the process ended during the last run" },
    });
    expect(runs).toBe(0);
  });

  it("waits for a release that knows the job, 100 times", async () => {
    silence();
    const waiting = (await runJob({}, { body: message(), attempt: 1 }, { call })) as Outcome & {
      readonly type: "wait";
    };
    expect(waiting).toMatchObject({ type: "wait", after: 300 });
    expect(JSON.parse(waiting.body)).toEqual({ job: "digest", data: { a: 1 }, id: "one", waits: 1 });
    expect((await runJob({}, { body: message({ waits: 99 }), attempt: 1 }, { call })).type).toBe("wait");
    expect((await runJob({}, { body: message({ waits: 100 }), attempt: 1 }, { call })).type).toBe("dead");
    const none = Object.create(null) as RunnableJobs;
    expect((await runJob(none, { body: message({ job: "toString" }), attempt: 1 }, { call })).type).toBe("wait");
  });

  it.each([
    [300, 295],
    [50, 45],
    [10, 9],
    [1, 0.9],
  ])("aborts the signal of a job of %s s after %s s, and repeats it after its timeout", async (timeout, aborts) => {
    silence();
    const timers: { readonly ms: number; readonly callback: () => void; active: boolean }[] = [];
    const after: RunOptions["after"] = (ms, callback) => {
      const timer = { ms, callback, active: true };
      timers.push(timer);
      return () => (timer.active = false);
    };
    const started = Promise.withResolvers<AbortSignal>();
    const jobs = jobsOf((_data, { signal }) => (started.resolve(signal), new Promise(() => {})), { timeout });
    const running = runJob(jobs, { body: message(), attempt: 1 }, { call, after });
    const signal = await started.promise;
    const [abort, end] = timers.toSorted((a, b) => a.ms - b.ms);
    expect([abort!.ms, end!.ms]).toEqual([aborts * 1000, timeout * 1000]);
    abort!.callback();
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: "JOB_TIMEOUT" });
    end!.callback();
    expect(await running).toEqual({ type: "retry", after: 5 });
    expect(timers.every(({ active }) => !active)).toBe(true);
  });

  it("aborts the signal when the process stops", async () => {
    const stopping = new AbortController();
    const jobs = jobsOf((_data, { signal }) => {
      stopping.abort();
      if (!signal.aborted) throw new Error("not aborted");
    });
    expect(await runJob(jobs, { body: message(), attempt: 1 }, { call, stopping: stopping.signal })).toEqual({
      type: "done",
    });
  });

  it("repeats a job whose file cannot be loaded", async () => {
    silence();
    const jobs: RunnableJobs = { digest: { load: () => Promise.reject(new Error("syntax")), retries: 3, timeout: 1 } };
    expect((await runJob(jobs, { body: message(), attempt: 1 }, { call })).type).toBe("retry");
  });
});
