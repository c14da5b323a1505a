/** The calls to the app's queue of SQS, whose URL is in the function's variable PORTICO_JOBS. */
import { type AwsCallError, createSignedCall, type SignedCall } from "../aws/signed-call.ts";
import { JobError } from "./job-error.ts";

let call: SignedCall | undefined;

/**
 * Calls an operation on the queue. A lost call is repeated: delivery is at least once anyway, and a message that was
 * sent twice has the same id. Rejects with JobError JOB_MISSING, JOB_BUSY.
 */
export async function callQueue(operation: string, input: object): Promise<void> {
  const { PORTICO_JOBS: QueueUrl, AWS_REGION: region, AWS_ENDPOINT_URL_SQS: url } = process.env;
  if (!QueueUrl) throw missing();
  const endpoint = new URL(url ?? `https://sqs.${region}.amazonaws.com/`);
  call ??= createSignedCall({ name: "sqs", target: "AmazonSQS", endpoint });
  try {
    await call(operation, { QueueUrl, ...input }, true);
  } catch (error) {
    if (/^(?:QueueDoesNotExist|AccessDenied)/.test((error as AwsCallError).code ?? "")) throw missing(error);
    throw new JobError("JOB_BUSY", "SQS does not answer; try later", error);
  }
}

const missing = (cause?: unknown): JobError =>
  new JobError("JOB_MISSING", "no queue or permission: release with portico deploy", cause);

/** Puts a message into the queue. SQS refuses two characters that JSON may have. @param delay seconds */
export const sendToQueue = (body: string, delay: number): Promise<void> =>
  callQueue("SendMessage", {
    MessageBody: body.replace(/[\uFFFE\uFFFF]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`),
    DelaySeconds: delay,
  });
