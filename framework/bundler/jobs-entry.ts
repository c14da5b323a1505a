/** Generated modules of an app with jobs: each job, the table of all, and `portico/jobs` with their names. */
import { parseCron } from "../model/cron.ts";
import type { Job } from "../model/job.ts";
import type { Target } from "../model/target.ts";
import { type DatabaseUrls, jobTable } from "./database-lines.ts";
import { moduleText } from "./function-entry.ts";
import { jobsClientName, lambdaJobTimeout } from "./function-groups.ts";

/** The name of the table of all jobs, among the generated modules of a build. */
export const jobsTableName = "entry/jobs";

/** The name of a job's own module. */
export const jobModuleName = ({ name }: Job): string => `job/${name}`;

/** `portico/jobs` of a target, whose `send` refuses other names at once. */
const jobsClient = (target: Target, jobs: readonly Job[]): string =>
  moduleText([
    `import { sendTo } from "portico/features/jobs/${target}";`,
    `export * from "portico/features/jobs/${target}";`,
    `export const send = /* @__PURE__ */ sendTo(${JSON.stringify(jobs.map(({ name }) => name))});`,
  ]);

/** The generated `portico/jobs` of an app with jobs, by its name; none without jobs. */
export const jobsClientModule = (
  target: Target,
  jobs: readonly Job[],
): readonly (readonly [name: string, text: string])[] =>
  jobs.length > 0 ? [[jobsClientName, jobsClient(target, jobs)]] : [];

/** The module of one job, which the table imports when a message for it comes. */
export const jobModule = ({ file }: Job): string => `export { default } from ${JSON.stringify(`./${file}`)};\n`;

/** The table of all jobs, with their schedules as this build has them. */
export const jobsTable = (jobs: readonly Job[], databases?: DatabaseUrls): string => {
  const entries = jobs.map((job) => entry(job, `() => import("portico:${jobModuleName(job)}")`)).join(", ");
  const { imports, table } = jobTable(databases, entries);
  return moduleText([
    `import { createJobs } from "portico/features/jobs/built-jobs";`,
    `import { store } from "portico/store";`,
    ...imports,
    `export default createJobs(${table}, store);`,
  ]);
};

/**
 * The entry of the function that runs all jobs on Lambda.
 * @param clock whether schedules run: the clock of another release may tick
 */
export const jobsFunctionEntry = (jobs: readonly Job[], clock: boolean, databases?: DatabaseUrls): string =>
  lambdaEntry(
    "createJobsHandler",
    "sqs-handler",
    jobs.map(({ cron, zone, ...job }) => ({
      ...job,
      ...(clock && cron !== undefined && { cron }),
      ...(clock && zone !== undefined && { zone }),
      timeout: lambdaJobTimeout(job),
    })),
    databases,
  );

/**
 * The function of one job for `portico dev`: on Lambda it takes an event of the queue, else a message as a request.
 * @param names of its env, Workers only
 */
export function devJobEntry(target: Target, job: Job, names: readonly string[], databases?: DatabaseUrls): string {
  if (target === "lambda") return lambdaEntry("createDevJobsHandler", "dev-sqs-handler", [job], databases);
  const { imports, table } = jobTable(databases, entry(job, "async () => job"));
  const fetch = `jobFetch(${table})`;
  return moduleText([
    `import * as job from ${JSON.stringify(`./${job.file}`)};`,
    `import { jobFetch } from "portico/features/jobs/job-fetch";`,
    ...imports,
    ...(target === "workers"
      ? [
          `import { toWorkers } from "portico/workers";`,
          `export default toWorkers(${fetch}, ${JSON.stringify(names)});`,
        ]
      : [`export default ${fetch};`]),
  ]);
}

/** A file is imported when a message comes, so that one that throws as it loads is a failed run. */
function lambdaEntry(create: string, module: string, jobs: readonly Job[], databases?: DatabaseUrls): string {
  const entries = jobs.map((job) => entry(job, `() => import(${JSON.stringify(`./${job.file}`)})`)).join(", ");
  const { imports, table } = jobTable(databases, entries);
  return moduleText([
    `import { ${create} } from "portico/features/jobs/${module}";`,
    `import { store } from "portico/store";`,
    ...imports,
    `export const handler = ${create}(${table}, store);`,
  ]);
}

function entry({ name, cron, zone, retries, timeout }: Job, load: string): string {
  const schedule = cron === undefined ? undefined : parseCron(cron);
  const settings = JSON.stringify({ retries, timeout, schedule, zone });
  return `${JSON.stringify(name)}: { load: ${load}, ${settings.slice(1)}`;
}
