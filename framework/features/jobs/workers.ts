/** `portico/jobs` on Workers: messages go into the app's queue, which a release makes and binds. */
import type { Platform } from "../../runtime/handler.ts";
import { JobError } from "./job-error.ts";
import { createSend, type Send } from "./send.ts";

export type { Job, JobContext, JobData, Jobs } from "./job.ts";
export { JobError, type JobErrorCode } from "./job-error.ts";
export type { DataOf, JobName, Send, SendContext } from "./send.ts";
export type { SendOptions } from "./message.ts";

/** The part of a queue's binding that is used (developers.cloudflare.com/queues/configuration/javascript-apis). */
interface Queue {
  send(body: string, options: { readonly contentType: "text"; readonly delaySeconds: number }): Promise<unknown>;
}

/**
 * Puts a message into the queue that the Worker is bound to. Queues' errors have no codes, so it is sent once more
 * after any: a message that was taken twice has the same id. Rejects with JobError JOB_MISSING, JOB_BUSY.
 * @param delay seconds
 */
export async function sendToQueue(platform: Platform | undefined, body: string, delay: number): Promise<void> {
  const { env } = (platform ?? {}) as { readonly env?: { readonly PORTICO_JOBS?: Queue } };
  const queue = env?.PORTICO_JOBS;
  if (!queue) throw new JobError("JOB_MISSING", "the Worker has no queue PORTICO_JOBS: release it with portico deploy");
  const send = (): Promise<unknown> => queue.send(body, { contentType: "text", delaySeconds: delay });
  await send()
    .catch(send)
    .catch((cause: unknown) => {
      throw new JobError("JOB_BUSY", "the queue does not answer; try later", cause);
    });
}

/** The build's `send`, which knows the names of its jobs. */
export const sendTo = (known?: readonly string[]): Send => createSend(sendToQueue, known);

/** Sends a message to a job; docs/jobs.md describes it. @param context the handler's or the job's */
export const send: Send = /* @__PURE__ */ sendTo();
