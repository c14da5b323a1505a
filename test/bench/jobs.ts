/** Benches of jobs on Node: how many run in a second against the raw table, and how soon a sent one runs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type JobRunner, startJobRunner } from "../../framework/features/jobs/job-runner.ts";
import { toMessage } from "../../framework/features/jobs/message.ts";
import { type RunnableJobs, runJob } from "../../framework/features/jobs/run.ts";
import { openSqliteQueue } from "../../framework/features/jobs/sqlite-queue.ts";
import type { Env } from "../../framework/runtime/handler.ts";
import { compare, type Measured, median, percentile, time } from "./measurement.ts";

const count = 300;
const rounds = 7;

const call = { env: {} as Env, platform: { name: "node" }, waitUntil: () => {} } as const;
const message = (id: number): string => toMessage("job", { id }, { id: String(id) }, undefined).body;

/** A runner whose only job is `run`. */
function startRunner(data: string, run: (data: { readonly id: number }) => void): JobRunner {
  const jobs: RunnableJobs = { job: { load: async () => ({ default: run }), retries: 0, timeout: 300 } };
  return startJobRunner({
    data,
    concurrency: 2,
    ticksAt: undefined,
    run: (delivery) => runJob(jobs, delivery, { call }),
    keepDead: async () => {},
    onError: (error) => {
      throw error;
    },
  });
}

/** Claims and deletes one message after the other. */
function rawTable(file: string): void {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  const claim = database.prepare(
    "UPDATE message SET claimed = 1, attempt = attempt + 1 WHERE row = (SELECT row FROM message WHERE claimed = 0 " +
      "AND visible <= ? ORDER BY visible, row LIMIT 1) RETURNING row",
  );
  const remove = database.prepare("DELETE FROM message WHERE row = ?");
  for (let found = claim.get(Date.now()); found; found = claim.get(Date.now())) remove.run(found["row"]!);
  database.close();
}

/** Works on a queue of its own with `count` messages. */
async function onFullQueue(work: (data: string) => Promise<void>): Promise<number> {
  const data = mkdtempSync(join(tmpdir(), "portico-bench-jobs-"));
  const queue = openSqliteQueue(data);
  for (let id = 0; id < count; id += 1) queue.send(message(id), Date.now());
  queue.close();
  const took = await time(() => work(data));
  rmSync(data, { recursive: true });
  return took;
}

const runAll = async (data: string): Promise<void> => {
  const all = Promise.withResolvers<void>();
  let runs = 0;
  const runner = startRunner(data, () => void (++runs === count && all.resolve()));
  await all.promise;
  await runner.close(1000);
};

/** Milliseconds from a call of `send` on another connection to the run. */
async function delays(): Promise<readonly number[]> {
  const data = mkdtempSync(join(tmpdir(), "portico-bench-jobs-"));
  const queue = openSqliteQueue(data);
  let ran = Promise.withResolvers<void>();
  const runner = startRunner(data, () => ran.resolve());
  const found: number[] = [];
  for (let id = 0; id < 200; id += 1) {
    ran = Promise.withResolvers();
    // oxlint-disable-next-line no-loop-func
    const took = time(() => (queue.send(message(id), Date.now()), ran.promise));
    found.push(await took);
    await new Promise((next) => setTimeout(next, 5));
  }
  await runner.close(1000);
  queue.close();
  rmSync(data, { recursive: true });
  return found;
}

/** The rows of `npm run bench -- jobs`. */
export async function jobs(): Promise<readonly Measured[]> {
  const throughput = await compare(
    { name: `jobs: ${count} jobs on node`, against: "the raw table", unit: "ms", rounds, bar: "<= 1.25" },
    () => onFullQueue(runAll),
    () => onFullQueue(async (data) => rawTable(join(data, "jobs.sqlite"))),
  );
  const waits = await delays();
  const limit = 10;
  return [
    throughput,
    {
      name: "jobs: from send to run on node",
      ratio: median(waits) / limit,
      spread: [percentile(waits, 0.1) / limit, percentile(waits, 0.9) / limit],
      value: median(waits),
      limit,
      unit: "ms",
      against: "a limit",
      rounds: waits.length,
      bar: "<= 1",
    },
  ];
}
