/** Runs the jobs of a built app beside its server, in the one of its processes that leads. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuiltJobs } from "../features/jobs/built-jobs.ts";
import { type JobRun, type JobRunner, startJobRunner } from "../features/jobs/job-runner.ts";
import { type App, defaultJobConcurrency } from "../model/app.ts";
import type { Call, Env } from "../runtime/handler.ts";

/** The built app, and where it runs. */
export interface JobsOptions {
  /** Absolute path of the folder of the build. */
  readonly build: string;
  readonly app: Pick<App, "jobConcurrency" | "clock">;
  /** Absolute path of the folder of the app's data. */
  readonly data: string;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds that `close` waits for running jobs and their background work. */
  readonly graceMs?: number;
  /** Gets what fails outside of jobs, and rejected background work. */
  readonly onError: (error: unknown) => void;
  readonly onRun?: (run: JobRun) => void;
}

/** Running jobs. */
export interface RunningJobs {
  close(): Promise<void>;
}

/** Loads the build's module of jobs and starts to lead, or to wait for it. */
export async function startJobs(options: JobsOptions): Promise<RunningJobs> {
  const { build, app, data, env, graceMs = 10_000, onError, onRun } = options;
  const { default: jobs } = (await import(pathToFileURL(join(build, "jobs.js")).href)) as {
    readonly default: BuiltJobs;
  };
  const work = new Set<Promise<unknown>>();
  const call: Pick<Call, "env" | "platform" | "waitUntil"> = {
    env: env as Env,
    platform: { name: "node", data },
    waitUntil(promise) {
      const settled = Promise.resolve(promise)
        .catch(onError)
        .finally(() => work.delete(settled));
      work.add(settled);
    },
  };
  const runner: JobRunner = startJobRunner({
    data,
    concurrency: app.jobConcurrency ?? defaultJobConcurrency,
    ticksAt: app.clock === false ? undefined : jobs.ticksAt,
    run: (delivery, stopping) => jobs.run(delivery, { call, stopping }),
    keepDead: (dead) => jobs.keepDead(dead, call),
    onError,
    ...(onRun && { onRun }),
  });
  return {
    async close() {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, graceMs);
      await runner.close(graceMs);
      await Promise.race([Promise.all(work), late.promise]);
      clearTimeout(timer);
    },
  };
}
