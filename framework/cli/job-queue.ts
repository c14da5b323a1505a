/** The queue of an app's jobs and its dead jobs, as `portico jobs` works on them; each kind of stage opens its own. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { deadJobsIn } from "../dev/local-store.ts";
import { lambdaFiles, lambdaPlace } from "../dev/lambda-place.ts";
import { openLocalTable } from "../emulation/dynamodb/local-table.ts";
import { type LocalQueue, openLocalQueue } from "../emulation/sqs/local-queue.ts";
import type { DeadJobStore } from "../features/jobs/dead-jobs.ts";
import { tryToLead } from "../features/jobs/leader.ts";
import { messageOf } from "../features/jobs/message.ts";
import { type JobCount, openSqliteQueue } from "../features/jobs/sqlite-queue.ts";
import { store } from "../features/store/node.ts";
import { type App, dataFolder } from "../model/app.ts";
import type { CommandInput } from "./command.ts";
import { textFlag } from "./flags.ts";

/** What a queue holds: by job, or of all jobs together. */
export interface QueueCounts {
  readonly jobs?: readonly JobCount[];
  /** Without `running` the first counts both. */
  readonly total?: Pick<JobCount, "waiting"> & Partial<Pick<JobCount, "running">>;
}

/** A queue that is open. */
export interface JobQueue {
  counts(): Promise<QueueCounts>;
  send(body: string): Promise<void>;
  readonly dead: DeadJobStore;
  /** What messages wait for, for people; undefined while something runs the jobs. */
  waitsFor(): string | undefined;
  close(): Promise<void>;
}

/**
 * The queue of `portico dev`, which has the first target, and of `portico start`, on this machine. Rejects for the file
 * of a newer Portico.
 */
export async function openJobQueue(app: App, input: Pick<CommandInput, "cwd" | "flags">): Promise<JobQueue> {
  const folder = textFlag(input, "data");
  const own = resolve(app.root, dataFolder);
  const { clock } = lambdaFiles(app);
  if (folder === undefined && app.targets[0] === "lambda")
    return openLambdaQueue(app, () => waitsFor("portico dev, which does not run here", clock, own));
  const data = folder === undefined ? own : resolve(input.cwd, folder);
  const queue = openSqliteQueue(data);
  const runners =
    folder === undefined
      ? "portico dev or portico start, none of which runs here"
      : `portico start --data ${folder}, which does not run here`;
  return {
    counts: async () => ({ jobs: queue.counts().map((count) => (isLed(data) ? count : withoutRuns(count))) }),
    send: async (body) => queue.send(body, Date.now()),
    dead: { store, context: { platform: { name: "node", data }, waitUntil: () => {} } as DeadJobStore["context"] },
    waitsFor: () => waitsFor(runners, data, clock),
    close: async () => queue.close(),
  };
}

/** What a process claimed that ended without a word runs no more. */
const withoutRuns = ({ job, waiting, running }: JobCount): JobCount => ({
  job,
  waiting: waiting + running,
  running: 0,
});

/** @param other the folder of the lock of another target's queue */
function waitsFor(runners: string, data: string, other: string): string | undefined {
  if (isLed(data)) return undefined;
  if (!existsSync(other) || !isLed(other)) return runners;
  return "portico dev with this target; the one that runs here has another, which --target chooses";
}

/** The queue and the table of `portico dev` on Lambda. */
async function openLambdaQueue(app: App, waiting: JobQueue["waitsFor"]): Promise<JobQueue> {
  const { items, messages } = lambdaFiles(app);
  const secret = randomBytes(32).toString("base64");
  const onError = (error: unknown): void => {
    throw error;
  };
  const place = { ...lambdaPlace(app), secret, onError };
  const queue = await openLocalQueue({ ...place, file: messages });
  const table = await openLocalTable({ ...place, file: items });
  return {
    counts: async () => ({ jobs: countByJob(queue.list()) }),
    send: async (body) => void (await queue.call("SendMessage", { MessageBody: body })),
    dead: deadJobsIn(table),
    waitsFor: waiting,
    close: async () => void (await Promise.all([queue.close(), table.close()])),
  };
}

function countByJob(messages: ReturnType<LocalQueue["list"]>): readonly JobCount[] {
  const jobs = Map.groupBy(messages, ({ body }) => messageOf(body).job as string | undefined);
  // A tick of the clock is no job's.
  return [...jobs].flatMap(([job, all]) => {
    const running = all.filter(({ inFlight }) => inFlight).length;
    return job === undefined ? [] : [{ job, waiting: all.length - running, running }];
  });
}

function isLed(data: string): boolean {
  const free = tryToLead(data);
  free?.release();
  return free === undefined;
}
