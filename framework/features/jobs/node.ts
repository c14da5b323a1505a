/** `portico/jobs` on Node: messages go into the queue of the app's data folder. */
import { JobError } from "./job-error.ts";
import { createSend, type Send, type SendToQueue } from "./send.ts";
import { openSqliteQueue, type SqliteQueue } from "./sqlite-queue.ts";

export type { Job, JobContext, JobData, Jobs } from "./job.ts";
export { JobError, type JobErrorCode } from "./job-error.ts";
export type { DataOf, JobName, Send, SendContext } from "./send.ts";
export type { SendOptions } from "./message.ts";

const queues = new Map<string, SqliteQueue>();

const sendToQueue: SendToQueue = (platform, body, delay) => {
  const data = platform?.name === "node" ? platform.data : undefined;
  if (data === undefined) throw new JobError("JOB_MISSING", "jobs need a data folder: portico dev, or portico start");
  const queue = queues.get(data) ?? openSqliteQueue(data);
  queues.set(data, queue);
  queue.send(body, Date.now() + delay * 1000);
};

/** The build's `send`, which knows the names of its jobs. */
export const sendTo = (known?: readonly string[]): Send => createSend(sendToQueue, known);

/** Sends a message to a job; docs/jobs.md describes it. @param context the handler's or the job's */
export const send: Send = /* @__PURE__ */ sendTo();
