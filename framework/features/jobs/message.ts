/** The message of a job in a queue: its form, and the checks before it is sent. */
import { JobError } from "./job-error.ts";

/** A message; its JSON is what a queue holds. */
export interface Message {
  readonly job: string;
  readonly data: unknown;
  readonly id: string;
  /** Epoch milliseconds of the minute, of a message that the clock sent. */
  readonly scheduled?: number;
  /** How often it waited for a release that knows the job. */
  readonly waits?: number;
}

/** When and how to send. */
export interface SendOptions {
  /** Whole seconds, 0-900. */
  readonly delay?: number | undefined;
  /** The message's id in every delivery, 1-200 characters; a random one by default. Equal ids are not merged. */
  readonly id?: string | undefined;
}

/** Bytes of the data's JSON: a message with its id and name fits into one of Cloudflare's, which has 128 KB. */
const dataLimit = 120_000;

/**
 * A message of the app, as JSON, and its id. Throws JobError JOB_UNKNOWN, JOB_DATA, JOB_DELAY, JOB_ID.
 * @param known the jobs of the build; undefined where no build made the code, as in tests
 */
export function toMessage(
  job: string,
  data: unknown,
  { delay = 0, id = crypto.randomUUID() }: SendOptions,
  known: readonly string[] | undefined,
): { readonly id: string; readonly body: string } {
  if (known && !known.includes(job))
    throw new JobError("JOB_UNKNOWN", `no job "${job}": write functions/_jobs/${job}.ts`);
  if (!(Number.isInteger(delay) && delay >= 0 && delay <= 900))
    throw new JobError("JOB_DELAY", "delay is whole seconds, 0 to 900");
  if (typeof id !== "string" || !/^[^\0\p{Cs}]{1,200}$/u.test(id))
    throw new JobError("JOB_ID", "id is 1 to 200 characters");
  return { id, body: `{"job":${JSON.stringify(job)},"data":${toJson(data)},"id":${JSON.stringify(id)}}` };
}

/** A message from its JSON. */
export const messageOf = (body: string): Message => JSON.parse(body) as Message;

function toJson(data: unknown = null): string {
  try {
    const json = JSON.stringify(data);
    const size = Buffer.byteLength(json);
    if (size > dataLimit) throw new RangeError(`it has ${size}`);
    return json;
  } catch (cause) {
    throw new JobError("JOB_DATA", `data is at most ${dataLimit} bytes of JSON; put more into the store`, cause);
  }
}
