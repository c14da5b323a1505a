/** The handler of the function that runs an app's jobs on Lambda: it takes one message of the app's queue. */
import { reportError } from "../../runtime/error-response.ts";
import type { Call, Env } from "../../runtime/handler.ts";
import type { LambdaContext } from "../../runtime/lambda-handler.ts";
import type { OpenStore } from "../store/store.ts";
import { keepDeadJob } from "./dead-jobs.ts";
import { type Message, messageOf } from "./message.ts";
import { type Outcome, runJob, type RunnableJobs, type RunOptions } from "./run.ts";
import { callQueue, sendToQueue } from "./sqs.ts";
import { ticksAt } from "./ticks.ts";

/** A message as an event source mapping gives it (Lambda developer guide, "Using Lambda with Amazon SQS"). */
interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** An event of the mapping, whose batches are one message, or the question of a release. */
interface JobsEvent {
  readonly Records?: readonly [SqsRecord];
  readonly portico?: unknown;
}

/** What the mapping reads: the messages that stay in the queue. */
export interface JobsResult {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** What the clock sends each minute; Scheduler puts the time in. */
interface Tick {
  /** `2026-11-29T00:00:00Z`. */
  readonly tick: string;
}

const minute = 60_000;
/** Milliseconds after which a tick is dropped: nothing ran for long, and its jobs would all run at once. */
const lateTick = 3_600_000;
/** Seconds beyond a job's timeout in which what becomes of its message is done. */
const visibilityMargin = 60;

/** What tests and `portico dev` bring. */
export interface JobsHandlerOptions extends Pick<RunOptions, "after"> {
  readonly now?: () => number;
  readonly onOutcome?: (outcome: Outcome) => void;
}

type JobsHandler = (event: JobsEvent, context: LambdaContext) => Promise<unknown>;

/** The build calls it with the table of its jobs and the store, and `portico dev` with one job. */
export function createJobsHandler(
  jobs: RunnableJobs,
  store: OpenStore,
  { after, now = Date.now, onOutcome }: JobsHandlerOptions = {},
): JobsHandler {
  return async (event, context) => {
    // As the handlers of routes do: a release checks the function's build before messages reach it.
    if (!event.Records)
      return {
        statusCode: 200,
        body: process.getBuiltinModule("fs").readFileSync(`${import.meta.dirname}/build`, "utf8"),
      };
    const [record] = event.Records;
    const content = messageOf(record.body) as Message | Tick;
    if ("tick" in content) {
      const at = Math.floor(Date.parse(content.tick) / minute) * minute;
      if (now() - at < lateTick) await Promise.all(ticksAt(jobs, at).map((body) => sendToQueue(body, 0)));
      return { batchItemFailures: [] };
    }
    const background: Promise<unknown>[] = [];
    const call: RunOptions["call"] = {
      env: ownEnv(),
      platform: { name: "lambda", event, context },
      waitUntil: (promise) =>
        void background.push(Promise.resolve(promise).catch((error: unknown) => reportError(error, content.id))),
    };
    // A message that stays hidden for longer only comes later after a crash.
    await changeVisibility(record, (jobs[content.job]?.timeout ?? 0) + visibilityMargin);
    const attempt = Number(record.attributes["ApproximateReceiveCount"]);
    const outcome = await runJob(jobs, { body: record.body, attempt }, { call, after });
    onOutcome?.(outcome);
    await settle(store, record, outcome, call);
    if (background.length > 0) {
      const timeLeft = new Promise((end) => setTimeout(end, context.getRemainingTimeInMillis() - 1000));
      await Promise.race([Promise.all(background), timeLeft]);
    }
    return { batchItemFailures: outcome.type === "retry" ? [{ itemIdentifier: record.messageId }] : [] };
  };
}

/** What fails here is reported, and changes no more than when a message comes again. */
const changeVisibility = ({ receiptHandle, body }: SqsRecord, seconds: number): Promise<void> =>
  callQueue("ChangeMessageVisibility", { ReceiptHandle: receiptHandle, VisibilityTimeout: seconds }).catch(
    (error: unknown) => reportError(error, messageOf(body).id),
  );

/** What fails here keeps the message, which comes again when its visibility ends. */
async function settle(store: OpenStore, record: SqsRecord, outcome: Outcome, call: RunOptions["call"]): Promise<void> {
  if (outcome.type === "retry") await changeVisibility(record, outcome.after);
  if (outcome.type === "wait") await sendToQueue(outcome.body, outcome.after);
  if (outcome.type === "dead") await keepDeadJob({ store, context: call }, outcome.dead);
}

/** The declared variables, as the handlers of routes have them. */
function ownEnv(): Call["env"] {
  const names = process.env["PORTICO_ENV"]?.split(",") ?? [];
  return Object.fromEntries(names.map((name) => [name, process.env[name]])) as Env;
}
