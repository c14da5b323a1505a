/** The list that `portico jobs` prints: each job with its coming runs, what waits, and what is dead. */
import { listDeadJobs } from "../features/jobs/dead-jobs.ts";
import { wallClock } from "../features/jobs/due.ts";
import { nextRun } from "../features/jobs/next-run.ts";
import { parseCron } from "../model/cron.ts";
import type { Job } from "../model/job.ts";
import type { JobQueue, QueueCounts } from "./job-queue.ts";
import type { Reporter } from "./reporter.ts";

/** A job with what its queue holds. */
export interface JobRow {
  readonly name: string;
  /** Absent for a name of messages that is no job of this app. */
  readonly file?: string;
  readonly cron?: string;
  readonly zone?: string;
  /** The next three runs, in UTC and by the clock of the zone: `2026-11-29T00:00Z`, `2026-11-29 09:00`. */
  readonly next: readonly { readonly utc: string; readonly local: string }[];
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

/** The app's jobs, and other names that messages in the queue have. @param now epoch milliseconds */
export async function describeJobs(
  jobs: readonly Job[],
  queue: Pick<JobQueue, "counts" | "dead">,
  now: number,
): Promise<JobTable> {
  const [{ jobs: byJob, total }, dead] = [await queue.counts(), await listDeadJobs(queue.dead)];
  const counts = byJob ?? [];
  const others = [...counts, ...dead].map(({ job }) => job).filter((name) => !jobs.some((job) => job.name === name));
  const named: readonly (Partial<Job> & Pick<Job, "name">)[] = [
    ...jobs,
    ...[...new Set(others)].toSorted().map((name) => ({ name })),
  ];
  const rows = named.map(({ name, file, cron, zone = "UTC" }) => {
    const count = counts.find(({ job }) => job === name);
    return {
      name,
      ...(file !== undefined && { file }),
      ...(cron !== undefined && { cron, zone }),
      next: cron === undefined ? [] : nextRuns(cron, zone, now),
      ...(byJob && { waiting: count?.waiting ?? 0, running: count?.running ?? 0 }),
      dead: dead.filter(({ job }) => job === name).length,
    };
  });
  return { jobs: rows, ...(total && { total }) };
}

function nextRuns(cron: string, zone: string, now: number): JobRow["next"] {
  const schedule = parseCron(cron);
  const found: number[] = [];
  while (found.length < 3) {
    const next = nextRun(schedule, found.at(-1) ?? now, zone);
    if (next === undefined) break;
    found.push(next);
  }
  return found.map((at) => ({ utc: minuteOf(at, "T", "Z"), local: minuteOf(wallClock(at, zone), " ", "") }));
}

const minuteOf = (at: number, separator: string, end: string): string =>
  new Date(at).toISOString().slice(0, 16).replace("T", separator) + end;

/** @param off why schedules do not run */
export function jobsText(
  { jobs, total }: JobTable,
  off: string | undefined,
  reporter: Pick<Reporter, "paint">,
): string {
  if (jobs.length === 0) return "the app has no jobs: functions/_jobs/NAME.ts is the job NAME";
  return [
    ...(off === undefined ? [] : [`schedules do not run: ${off}`]),
    ...(total ? [`of all jobs about ${total.waiting} waiting, ${total.running} running`] : []),
    ...jobs.flatMap((row) => rowLines(row, reporter)),
  ].join("\n");
}

function rowLines({ name, file, cron, zone, next, ...counts }: JobRow, reporter: Pick<Reporter, "paint">): string[] {
  const schedule = file === undefined ? "no job of this app" : cron === undefined ? "no schedule" : `${cron} ${zone}`;
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
