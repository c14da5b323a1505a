/**
 * Runs the jobs of an app under development on Lambda, as AWS would: a poller takes messages of the queue and invokes
 * a function with each. Here each job has a function of its own, so that one that does not build keeps no other back.
 */
import { randomUUID } from "node:crypto";
import { jobFunctionId } from "../bundler/function-groups.ts";
import type { LocalQueue } from "../emulation/sqs/local-queue.ts";
import { type SqsEvent, startPoller } from "../emulation/sqs/poller.ts";
import type { DevJobsResult } from "../features/jobs/dev-sqs-handler.ts";
import { messageOf } from "../features/jobs/message.ts";
import { failed, type Outcome, runJob } from "../features/jobs/run.ts";
import { ticksAt } from "../features/jobs/ticks.ts";
import { defaultJobConcurrency } from "../model/app.ts";
import type { LoadedFunction } from "../model/invocation.ts";
import { UserError } from "../model/user-error.ts";
import type { Env } from "../runtime/handler.ts";
import type { AppSession } from "./app-session.ts";
import type { ReportEvent } from "./dev-event.ts";
import { type DevJobs, jobEvent, schedulesOf } from "./dev-jobs.ts";
import type { DevLambda } from "./dev-lambda.ts";
import { lambdaFiles } from "./lambda-place.ts";
import { type MappedFailure, mapFailure } from "./source-frame.ts";
import { startTickClock } from "./tick-clock.ts";

/** Seconds after the job's timeout at which a message is visible again whose function ended. */
const visibilityMargin = 60;

interface JobsOfSession {
  readonly session: AppSession;
  readonly lambda: DevLambda;
  readonly queue: LocalQueue;
  readonly report: ReportEvent;
}

/** Runs the session's current jobs, with their current settings. Rejects with UserError QUEUE_FILE. */
export async function startLambdaJobs(session: AppSession, lambda: DevLambda, report: ReportEvent): Promise<DevJobs> {
  const queue = await lambda.queue();
  const onError = (error: unknown): void => report({ type: "error", error });
  const jobs = { session, lambda, queue, report };
  const poller = startPoller({
    queue,
    concurrency: () => session.app.jobConcurrency ?? defaultJobConcurrency,
    invoke: (event) => take(event, jobs),
    onError,
  });
  const after = (ms: number, callback: () => void): (() => void) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  };
  const clock = startTickClock({ now: Date.now, after }, lambdaFiles(session.app).clock, (body) => {
    if (session.served().clock) send(queue, body, 0).catch(onError);
  });
  return {
    async close() {
      clock.stop();
      await poller.giveBack();
    },
  };
}

const send = (queue: LocalQueue, body: string, delay: number) =>
  queue.call("SendMessage", { MessageBody: body, DelaySeconds: delay });

/** What the function of all jobs does on AWS, with each job in its own. */
async function take(event: SqsEvent, jobs: JobsOfSession): Promise<unknown> {
  const [{ body, attributes }] = event.Records;
  const { session, queue } = jobs;
  const content = JSON.parse(body) as { readonly tick?: string };
  if (content.tick !== undefined) {
    const due = ticksAt(schedulesOf(session.served().jobs), Date.parse(content.tick));
    await Promise.all(due.map((message) => send(queue, message, 0)));
    return undefined;
  }
  const started = Date.now();
  const attempt = Number(attributes["ApproximateReceiveCount"]);
  const { result, outcome, failure } = await run(event, attempt, jobs);
  const { job, id } = messageOf(body);
  const line = {
    job,
    id,
    attempt,
    ms: Date.now() - started,
    outcome: outcome.type,
    ...("after" in outcome && { after: outcome.after }),
  };
  jobs.report(jobEvent(line, session.served().jobs, new Map(failure ? [[id, failure]] : [])));
  return result;
}

interface EndedRun {
  /** For the poller. */
  readonly result: unknown;
  readonly outcome: Outcome;
  readonly failure?: MappedFailure;
}

async function run(event: SqsEvent, attempt: number, jobs: JobsOfSession): Promise<EndedRun> {
  const { session, lambda, report } = jobs;
  const [{ body }] = event.Records;
  const message = messageOf(body);
  const job = session.served().jobs.find(({ name }) => name === message.job);
  if (!job) {
    const call = { env: {} as Env, platform: { name: "node" }, waitUntil: () => {} } as const;
    return settle(event, await runJob({}, { body, attempt }, { call }), jobs);
  }
  let fn: LoadedFunction;
  try {
    fn = await session.load(jobFunctionId(job.name));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    report({ type: "error", error });
    return settle(event, failed(job, message, attempt, error), jobs);
  }
  // Errors are reported by the message's id; it is a header too, which an id of the app may not fit into.
  const requestId = /^[!-~]+$/.test(message.id) ? message.id : randomUUID();
  const { payload, functionError, failure } = await lambda.invokeJob(fn, event, requestId);
  const mapped = failure && (await mapFailure(failure, fn, { root: session.app.root, target: "lambda" }));
  const ended = { ...(mapped && { failure: mapped }) };
  if (functionError) {
    const outcome = { type: "retry", after: job.timeout + visibilityMargin } as const;
    return { ...ended, result: stays(event), outcome };
  }
  const result = JSON.parse(Buffer.from(payload).toString()) as DevJobsResult;
  return { ...ended, result, outcome: result.outcome };
}

const stays = ({ Records: [{ messageId }] }: SqsEvent) => ({ batchItemFailures: [{ itemIdentifier: messageId }] });

/** For a message that no function took. */
async function settle(event: SqsEvent, outcome: Outcome, { queue, lambda }: JobsOfSession): Promise<EndedRun> {
  const { receiptHandle } = event.Records[0];
  if (outcome.type === "wait") await send(queue, outcome.body, outcome.after);
  if (outcome.type === "dead") await lambda.keepDead(outcome.dead);
  if (outcome.type !== "retry") return { result: undefined, outcome };
  await queue.call("ChangeMessageVisibility", { ReceiptHandle: receiptHandle, VisibilityTimeout: outcome.after });
  return { result: stays(event), outcome };
}
