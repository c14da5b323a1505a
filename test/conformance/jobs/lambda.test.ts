/** Runs the cases of jobs on Lambda's queue: the function's own code, over the emulated SQS, its poller and a clock. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { startTickClock } from "../../../framework/dev/tick-clock.ts";
import { openLocalQueue } from "../../../framework/emulation/sqs/local-queue.ts";
import { type SqsEvent, startPoller } from "../../../framework/emulation/sqs/poller.ts";
import { listDeadJobs } from "../../../framework/features/jobs/dead-jobs.ts";
import type { Job } from "../../../framework/features/jobs/job.ts";
import { store } from "../../../framework/features/store/node.ts";
import type { OpenStore } from "../../../framework/features/store/store.ts";
import { runActions } from "../../../framework/model/job-queue.ts";
import { createFakeTime, type FakeTime } from "../../features/jobs/fake-time.ts";
import { jobCases } from "./job-cases.ts";
import { beginning, type JobLab, type TestJobs, toJobs } from "./job-lab.ts";

/** A function keeps its connection, and each lab has another address. */
async function loadFunction() {
  vi.resetModules();
  const { createJobsHandler } = await import("../../../framework/features/jobs/sqs-handler.ts");
  const { sendToQueue } = await import("../../../framework/features/jobs/sqs.ts");
  const { sendTo } = await import("../../../framework/features/jobs/lambda.ts");
  return { createJobsHandler, sendToQueue, sendTo };
}

type JobsFunction = Awaited<ReturnType<typeof loadFunction>>;

/** Invocations of the function, and how many of them do more than wait for their job. */
function createInvocations({ createJobsHandler }: JobsFunction, time: FakeTime, data: string) {
  const context = { platform: { name: "node", data }, waitUntil: () => {} } as const;
  let busy = 0;
  return {
    dead: { store, context },
    invoke: async (jobs: TestJobs, event: SqsEvent): Promise<unknown> => {
      let isInJob = false;
      const watched = Object.entries(jobs).map(([name, job]) => {
        const run: Job<never> = (input, callContext) => {
          isInJob = true;
          busy -= 1;
          return job.run(input, callContext);
        };
        return [name, { ...job, run }] as const;
      });
      const open: OpenStore = (_, namespace) => store(context, namespace);
      const handler = createJobsHandler(toJobs(Object.fromEntries(watched)), open, {
        ...time,
        onOutcome: () => {
          if (isInJob) busy += 1;
        },
      });
      busy += 1;
      try {
        return await handler(event, { awsRequestId: "id", getRemainingTimeInMillis: () => 900_000 });
      } finally {
        busy -= 1;
      }
    },
    /** Resolves when all that runs now has ended, or waits for its job. */
    settled: async (): Promise<void> => {
      do {
        // oxlint-disable-next-line no-await-in-loop
        for (let turn = 0; turn < 10; turn += 1) await new Promise((next) => setImmediate(next));
      } while (busy > 0);
    },
  };
}

async function openLab(jobs: TestJobs): Promise<JobLab> {
  const data = mkdtempSync(join(tmpdir(), "portico-jobs-"));
  const time = createFakeTime(beginning);
  const onError = (error: unknown): void => {
    throw error;
  };
  const queue = await openLocalQueue({
    file: join(data, "sqs.sqlite"),
    name: "app--dev",
    region: "us-east-1",
    account: "000000000000",
    secret: "secret",
    onError,
    ...time,
    lookAgainMs: Infinity,
  });
  for (const [name, value] of Object.entries(queue.variables("jobs", "jobs", runActions))) vi.stubEnv(name, value);
  const loaded = await loadFunction();
  const { dead, invoke, settled } = createInvocations(loaded, time, data);
  let released = jobs;
  const poller = startPoller({ queue, concurrency: () => 2, invoke: (event) => invoke(released, event), onError });
  const put = (body: string) => queue.call("SendMessage", { MessageBody: body });
  const clock = startTickClock(time, data, (body) => void put(body));
  return {
    send: (job, sent, options) =>
      loaded.sendTo(Object.keys(released))({ waitUntil: () => {} }, job as never, sent as never, options),
    put: (body) => loaded.sendToQueue(body, 0),
    advance: (seconds) => time.advance(seconds * 1000, settled),
    jump: (seconds) => time.jump(seconds * 1000),
    release: async (next) => {
      released = next;
    },
    dead: () => listDeadJobs(dead),
    async waiting() {
      const { Attributes } = await queue.call("GetQueueAttributes", { AttributeNames: ["All"] });
      const counts = Object.entries(Attributes as object).filter(([name]) => name.startsWith("Approximate"));
      return counts.reduce((sum, [, count]) => sum + Number(count), 0);
    },
    async close() {
      clock.stop();
      const stopped = poller.stop();
      await queue.close();
      await stopped;
      vi.unstubAllEnvs();
      rmSync(data, { recursive: true });
    },
  };
}

jobCases("lambda", openLab, { catchesUp: false });
