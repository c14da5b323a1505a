/** The queue and the dead jobs of a stage, as `portico jobs --stage` works on them by the API of its cloud. */
import { openStageQueue } from "../../deploy/lambda/job-queues.ts";
import { isServiceError, isTransient } from "../../deploy/lambda/aws-error.ts";
import { callTable } from "../../deploy/lambda/table-entries.ts";
import { tableName } from "../../deploy/lambda/table.ts";
import type { Owner } from "../../deploy/parts.ts";
import { openStageQueue as openWorkersQueue } from "../../deploy/workers/job-queues.ts";
import { queryStore } from "../../deploy/workers/store-database.ts";
import { requireStore } from "../../deploy/workers/store-entries.ts";
import type { AwsCallError, SignedCall } from "../features/aws/signed-call.ts";
import type { DeadJobStore } from "../features/jobs/dead-jobs.ts";
import { createDynamoEngine } from "../features/store/dynamodb.ts";
import type { OpenEngine, Row } from "../features/store/engine.ts";
import { createSqlEngine, type RunSql } from "../features/store/sql.ts";
import { createStore } from "../features/store/store.ts";
import type { JobQueue } from "./job-queue.ts";
import type { LambdaCloud, TargetCloud, WorkersCloud } from "./stage-cloud.ts";

/** The queue of a stage, which is open. */
type StageQueue = Omit<JobQueue, "waitsFor" | "close">;

/**
 * Rejects with UserError QUEUE_MISSING, STORE_MISSING.
 * @param hasOwnCloud true where the local cloud ends with this process: it runs no jobs
 */
export async function openStageJobs(cloud: TargetCloud, owner: Owner, hasOwnCloud: boolean): Promise<JobQueue> {
  const queue = await (cloud.target === "lambda" ? onLambda(cloud, owner) : onWorkers(cloud, owner));
  return {
    ...queue,
    waitsFor: () => (hasOwnCloud ? "the local cloud, which does not run; portico cloud starts it" : undefined),
    close: async () => undefined,
  };
}

async function onLambda({ aws: { clients, account } }: LambdaCloud, owner: Owner): Promise<StageQueue> {
  const queue = await openStageQueue(clients, owner, { account, region: clients.region });
  const call: SignedCall = async <T>(operation: string, input: object) => {
    try {
      return (await callTable(clients, operation, input)) as T;
    } catch (error) {
      if (!isServiceError(error)) throw error;
      const status = isTransient(error) ? 500 : 400;
      throw Object.assign(error, { code: error.name, status } satisfies Partial<AwsCallError>);
    }
  };
  return {
    counts: async () => ({ total: await queue.counts() }),
    send: queue.send,
    dead: deadJobsIn((_, namespace) => createDynamoEngine(call, tableName(owner), namespace)),
  };
}

async function onWorkers({ cloudflare: { client } }: WorkersCloud, owner: Owner): Promise<StageQueue> {
  const [queue, id] = await Promise.all([openWorkersQueue(client, owner), requireStore(client, owner)]);
  const query: RunSql = async ([sql, params]) =>
    (await queryStore(client, id, sql, params)) as unknown as readonly Row[];
  return {
    counts: async () => ({ total: { waiting: await queue.count() } }),
    send: queue.send,
    dead: deadJobsIn((_, namespace) => createSqlEngine(query, namespace)),
  };
}

const deadJobsIn = (open: OpenEngine): DeadJobStore => ({
  store: createStore(open),
  context: { waitUntil: () => {} },
});
