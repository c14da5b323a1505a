/** `portico/jobs` on Lambda: messages go into the app's queue of SQS, which a release makes and names. */
import { createSend, type Send } from "./send.ts";
import { sendToQueue } from "./sqs.ts";

export type { Job, JobContext, JobData, Jobs } from "./job.ts";
export { JobError, type JobErrorCode } from "./job-error.ts";
export type { DataOf, JobName, Send, SendContext } from "./send.ts";
export type { SendOptions } from "./message.ts";

/** The build's `send`, which knows the names of its jobs. */
export const sendTo = (known?: readonly string[]): Send =>
  createSend((_, body, delay) => sendToQueue(body, delay), known);

/** Sends a message to a job; docs/jobs.md describes it. @param context the handler's or the job's */
export const send: Send = /* @__PURE__ */ sendTo();
