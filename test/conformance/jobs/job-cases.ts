/** The cases of jobs, which every target's queue has to pass: what runs when, how often, and what becomes of it. */
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Job, JobContext } from "../../../framework/features/jobs/job.ts";
import type { JobError } from "../../../framework/features/jobs/job-error.ts";
import { beginning, type JobLab, type LabTraits, type OpenJobLab, type TestJobs } from "./job-lab.ts";

/** A run as a job saw it. */
type Run = Pick<JobContext, "id" | "attempt" | "scheduled"> & { readonly data: unknown };

/** A job that remembers its runs and fails the first times. */
function recording(failures = 0): { readonly runs: Run[]; readonly run: Job<never> } {
  const runs: Run[] = [];
  const run: Job<never> = (data, { id, attempt, scheduled }) => {
    runs.push({ data, id, attempt, scheduled });
    if (runs.length <= failures) throw new Error(`failure ${runs.length}`);
  };
  return { runs, run };
}

/** Declares the cases. */
export function jobCases(target: string, open: OpenJobLab, { catchesUp }: LabTraits): void {
  const start = async (jobs: TestJobs): Promise<JobLab> => {
    // The errors of jobs are in the log.
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const lab = await open(jobs);
    onTestFinished(async () => {
      await lab.close();
      log.mockRestore();
    });
    return lab;
  };

  describe(`${target}: messages`, () => {
    it("runs once, with its data and id", async () => {
      const ok = recording();
      const lab = await start({ ok });
      const { id } = await lab.send("ok", { team: "안녕" });
      await lab.send("ok", null, { id: "own/id" });
      await lab.advance(60);
      expect(ok.runs.toSorted((a, b) => a.id.length - b.id.length)).toEqual([
        { data: null, id: "own/id", attempt: 1, scheduled: undefined },
        { data: { team: "안녕" }, id, attempt: 1, scheduled: undefined },
      ]);
      expect(await lab.waiting()).toBe(0);
    });

    it("runs again after failures, with the same id", async () => {
      const flaky = recording(2);
      const lab = await start({ flaky });
      const { id } = await lab.send("flaky");
      await lab.advance(4);
      expect(flaky.runs.length).toBe(1);
      await lab.advance(2);
      expect(flaky.runs.length).toBe(2);
      await lab.advance(600);
      expect(flaky.runs.map((run) => [run.id, run.attempt])).toEqual([1, 2, 3].map((attempt) => [id, attempt]));
      expect(await lab.dead()).toEqual([]);
    });

    it("is dead after its retries", async () => {
      const bad = { ...recording(100), retries: 2 };
      const lab = await start({ bad });
      const { id } = await lab.send("bad", { a: 1 });
      await lab.advance(1000);
      expect(bad.runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
      expect(await lab.dead()).toMatchObject([
        { job: "bad", id, data: { a: 1 }, attempts: 3, error: "Error: failure 3" },
      ]);
      expect(await lab.waiting()).toBe(0);
    });

    it("runs after its delay", async () => {
      const ok = recording();
      const lab = await start({ ok });
      await lab.send("ok", null, { delay: 100 });
      await lab.advance(99);
      expect(ok.runs.length).toBe(0);
      await lab.advance(2);
      expect(ok.runs.length).toBe(1);
    });

    it("waits while no release knows its job, without using up attempts", async () => {
      const lab = await start({});
      await lab.put(JSON.stringify({ job: "gone", data: 1, id: "one" }));
      await lab.advance(1000);
      expect(await lab.waiting()).toBe(1);
      const gone = { ...recording(1), retries: 1 };
      await lab.release({ gone });
      await lab.advance(400);
      expect(gone.runs.map(({ id, attempt }) => [id, attempt])).toEqual([
        ["one", 1],
        ["one", 2],
      ]);
      expect(await lab.dead()).toEqual([]);
    });

    it("is dead after it waited a hundred times", async () => {
      const lab = await start({});
      await lab.put(JSON.stringify({ job: "gone", data: 1, id: "one", waits: 99 }));
      await lab.advance(700);
      expect(await lab.dead()).toMatchObject([{ job: "gone", id: "one" }]);
      expect(await lab.waiting()).toBe(0);
    });

    it("is refused before it is sent", async () => {
      const lab = await start({ ok: recording() });
      await expect(lab.send("other")).rejects.toMatchObject({ code: "JOB_UNKNOWN" });
      await expect(lab.send("ok", "x".repeat(120_000))).rejects.toMatchObject({ code: "JOB_DATA" });
      await expect(lab.send("ok", null, { delay: 901 })).rejects.toMatchObject({ code: "JOB_DELAY" });
      expect(await lab.waiting()).toBe(0);
    });

    it("of the largest size arrives whole", async () => {
      const ok = recording();
      const lab = await start({ ok });
      const data = "é".repeat(59_999);
      await lab.send("ok", data, { id: "é".repeat(200) });
      await lab.advance(10);
      expect(ok.runs[0]?.data).toBe(data);
    });

    it("whose job runs past its timeout comes again, and its signal aborts before", async () => {
      const seen: string[] = [];
      const slow: Job<never> = (_data, { signal, attempt }) => {
        if (attempt > 1) return undefined;
        signal.addEventListener("abort", () => seen.push((signal.reason as JobError).code));
        return new Promise(() => {});
      };
      const lab = await start({ slow: { run: slow, timeout: 100 } });
      await lab.send("slow");
      await lab.advance(94);
      expect(seen).toEqual([]);
      await lab.advance(2);
      expect(seen).toEqual(["JOB_TIMEOUT"]);
      await lab.advance(60);
      expect(await lab.waiting()).toBe(0);
      expect(await lab.dead()).toEqual([]);
    });
  });

  describe(`${target}: schedules`, () => {
    const midnight = Date.parse("2026-11-30T00:00Z");

    it("sends one message at its minute, with the minute in its id", async () => {
      const nightly = { ...recording(), cron: "0 9 * * *", zone: "Asia/Seoul" };
      const other = { ...recording(), cron: "0 9 * * *" };
      const lab = await start({ nightly, other });
      await lab.advance(600);
      expect(nightly.runs).toEqual([
        { data: null, id: "nightly@2026-11-30T00:00Z", attempt: 1, scheduled: new Date(midnight) },
      ]);
      expect(other.runs).toEqual([]);
    });

    it("runs every minute in the order of time", async () => {
      const minutely = { ...recording(), cron: "* * * * *" };
      const lab = await start({ minutely });
      await lab.advance(180);
      expect(minutely.runs.map(({ scheduled }) => scheduled!.getTime() - beginning)).toEqual([
        ...(catchesUp ? [-30_000] : []),
        30_000,
        90_000,
        150_000,
      ]);
    });

    it.runIf(catchesUp)("makes up for a clock that stood still for five minutes", async () => {
      const minutely = { ...recording(), cron: "* * * * *" };
      const lab = await start({ minutely });
      await lab.advance(40);
      lab.jump(300);
      await lab.advance(60);
      expect(new Set(minutely.runs.map(({ id }) => id)).size).toBe(8);
    });

    it("sends the messages of a minute with equal ids when the minute comes twice", async () => {
      const nightly = { ...recording(), cron: "0 0 * * *" };
      const lab = await start({ nightly });
      await lab.advance(200);
      await lab.put(JSON.stringify({ job: "nightly", data: null, id: nightly.runs[0]?.id, scheduled: midnight }));
      await lab.advance(60);
      expect(nightly.runs.map(({ id, scheduled }) => [id, scheduled?.getTime()])).toEqual([
        ["nightly@2026-11-30T00:00Z", midnight],
        ["nightly@2026-11-30T00:00Z", midnight],
      ]);
    });
  });
}
