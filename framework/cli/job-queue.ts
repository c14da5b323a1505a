/** The queue of an app's jobs and its dead jobs, as `portico jobs` works on them; each kind of stage opens its own. */
import { randomBytes } from "node:crypto";
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

/** What a queue holds: by job, or of all jobs together, or unknown. */
export interface QueueCounts {
  readonly jobs?: readonly JobCount[];
  readonly total?: Pick<JobCount, "waiting" | "running">;
}

/** A queue that is open. */
export interface JobQueue {
  counts(): Promise<QueueCounts>;
  send(body: string): Promise<void>;
  readonly dead: DeadJobStore;
  /** Whether a process runs the jobs now; messages wait for one. */
  isServed(): boolean;
  close(): Promise<void>;
}

/** The queue of `portico dev`, and of `portico start`, on this machine. Rejects for the file of a newer Portico. */
export async function openJobQueue(app: App, input: Pick<CommandInput, "cwd" | "flags">): Promise<JobQueue> {
  if (!app.targets.some((target) => target !== "lambda")) return openLambdaQueue(app);
  const folder = textFlag(input, "data");
  const data = folder === undefined ? resolve(app.root, dataFolder) : resolve(input.cwd, folder);
  const queue = openSqliteQueue(data);
  return {
    counts: async () => ({ jobs: queue.counts() }),
    send: async (body) => queue.send(body, Date.now()),
    dead: { store, context: { platform: { name: "node", data }, waitUntil: () => {} } as DeadJobStore["context"] },
    isServed: () => isLed(data),
    close: async () => queue.close(),
  };
}

/** The queue and the table of `portico dev` on Lambda. */
async function openLambdaQueue(app: App): Promise<JobQueue> {
  const { items, messages, clock } = lambdaFiles(app);
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
    isServed: () => isLed(clock),
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
