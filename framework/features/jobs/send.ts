/** `send` of portico/jobs, over the queue of a target. */
import type { Call, Context, Platform } from "../../runtime/handler.ts";
import type { Jobs } from "./job.ts";
import { type SendOptions, toMessage } from "./message.ts";

/** The handler's or the job's context; in a Hono app, and in middleware, `c.executionCtx`. */
export type SendContext = Pick<Call, "waitUntil">;

/** A job's name: one of the app's, any text where no build has written their types. */
export type JobName = keyof Jobs extends never ? string : keyof Jobs;

/** A job's data as `Job<Data>` says. */
export type DataOf<Name extends JobName> = Name extends keyof Jobs ? Jobs[Name] : unknown;

/**
 * Sends a message to a job, which runs soon, at least once. Rejects with JobError: JOB_UNKNOWN for a name that is no
 * job of this release, JOB_DATA for more than 120,000 bytes of JSON, JOB_DELAY, JOB_ID, JOB_BUSY.
 */
export type Send = <Name extends JobName>(
  context: SendContext,
  name: Name,
  ...rest: null extends DataOf<Name>
    ? [data?: DataOf<Name>, options?: SendOptions]
    : [data: DataOf<Name>, options?: SendOptions]
) => Promise<{ readonly id: string }>;

/** Puts a message into a target's queue. @param delay seconds */
export type SendToQueue = (platform: Platform | undefined, body: string, delay: number) => Promise<void> | void;

/**
 * Binds `send` to a target's queue.
 * @param known the names of the build's jobs; undefined where no build made the code, as in tests
 */
export const createSend =
  (sendToQueue: SendToQueue, known?: readonly string[]): Send =>
  async (context, name, data?: unknown, options: SendOptions = {}) => {
    const { id, body } = toMessage(name, data, options, known);
    await sendToQueue((context as Partial<Context>).platform, body, options.delay ?? 0);
    return { id };
  };
