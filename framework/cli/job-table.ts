/** The list that `portico jobs` prints: each job with its coming runs, what waits, and what is dead. */
import { listDeadJobs } from "../features/jobs/dead-jobs.ts";
import type { Job } from "../model/job.ts";
import { type NextRun, nextRuns } from "./job-line.ts";
import type { JobQueue, QueueCounts } from "./job-queue.ts";
import type { Reporter } from "./reporter.ts";

/** A job with what its queue holds. */
export interface JobRow {
  readonly name: string;
  /** True for a name of messages that is no job of this app, or of this release. */
  readonly isUnknown?: true;
  /** Absent for the jobs of a release. */
  readonly file?: string;
  readonly cron?: string;
  readonly zone?: string;
  /** Three of them. */
  readonly next: readonly NextRun[];
  /** Absent where the queue does not tell it by job. */
  readonly waiting?: number;
  readonly running?: number;
  readonly dead: number;
}

/** The jobs, and what waits where the queue tells it of all jobs together. */
export interface JobTable {
  readonly jobs: readonly JobRow[];
  readonly total?: QueueCounts["total"];
}

/** A job of this folder or, without its file, of a release. */
export type ListedJob = Pick<Job, "name" | "cron" | "zone"> & Partial<Pick<Job, "file">>;

/** Which jobs there are, and where. */
export interface JobList {
  readonly jobs: readonly ListedJob[];
  /** For messages: `this app`, `release 3`. */
  readonly of: string;
  /** Why schedules do not run. */
  readonly off: string | undefined;
}

/** The jobs, and other names that messages in the queue have. @param now epoch milliseconds */
export async function describeJobs(
  jobs: readonly ListedJob[],
  queue: Pick<JobQueue, "counts" | "dead">,
  now: number,
): Promise<JobTable> {
  const [{ jobs: byJob, total }, dead] = [await queue.counts(), await listDeadJobs(queue.dead)];
  const counts = byJob ?? [];
  const others = [...counts, ...dead].map(({ job }) => job).filter((name) => !jobs.some((job) => job.name === name));
  const unknown = [...new Set(others)].toSorted().map((name) => ({ name, isUnknown: true as const }));
  const named: readonly (ListedJob & Pick<JobRow, "isUnknown">)[] = [...jobs, ...unknown];
  const rows = named.map(({ name, isUnknown, file, cron, zone = "UTC" }) => {
    const count = counts.find(({ job }) => job === name);
    return {
      name,
      ...(isUnknown && { isUnknown }),
      ...(file !== undefined && { file }),
      ...(cron !== undefined && { cron, zone }),
      next: cron === undefined ? [] : nextRuns(cron, zone, now, 3),
      ...(byJob && { waiting: count?.waiting ?? 0, running: count?.running ?? 0 }),
      dead: dead.filter(({ job }) => job === name).length,
    };
  });
  return { jobs: rows, ...(total && { total }) };
}

export function jobsText(
  { jobs, total }: JobTable,
  { of, off }: Omit<JobList, "jobs">,
  reporter: Pick<Reporter, "paint">,
): string {
  if (jobs.length === 0) return `${of} has no jobs: functions/_jobs/NAME.ts is the job NAME`;
  const isScheduled = jobs.some(({ cron }) => cron !== undefined);
  return [
    ...(off !== undefined && isScheduled ? [`schedules do not run: ${off}`] : []),
    ...(total ? [totalText(total)] : []),
    ...jobs.flatMap((row) => rowLines(row, of, reporter)),
  ].join("\n");
}

const totalText = ({ waiting, running }: NonNullable<QueueCounts["total"]>): string =>
  `of all jobs about ${waiting} waiting${running === undefined ? " or running" : `, ${running} running`}`;

function rowLines(
  { name, isUnknown, cron, zone, next, ...counts }: JobRow,
  of: string,
  reporter: Pick<Reporter, "paint">,
): string[] {
  const schedule = isUnknown ? `no job of ${of}` : cron === undefined ? "no schedule" : `${cron} ${zone}`;
  const held = (["waiting", "running", "dead"] as const).flatMap((kind) => {
    if (counts[kind] === undefined) return [];
    const text = `${counts[kind]} ${kind}`;
    return [kind === "dead" && counts.dead > 0 ? reporter.paint("red", text) : text];
  });
  const runs = next.map(({ utc, local }) => `  ${local} ${zone}${zone === "UTC" ? "" : `, ${utc}`}`);
  return [
    `${reporter.paint("bold", name)}  ${schedule}  ${held.join(", ")}`,
    ...runs.map((line) => reporter.paint("dim", line)),
  ];
}
