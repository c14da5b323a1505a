/** The queues of an app's jobs on SQS: found, made before a release, counted, deleted. */
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListQueueTagsCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { deadLetterName, jobQueue } from "../../framework/model/job-queue.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { Owner } from "../parts.ts";
import type { Removed, StoredData } from "../platform.ts";
import { retry } from "../retry.ts";
import { hasName, undefinedIfMissing } from "./aws-error.ts";
import type { Clients } from "./clients.ts";
import { isOurs, ownerTags, type Place, stageName } from "./names.ts";

/** Whose a queue is, by its tags; undefined where there is none. */
type QueueOwner = "ours" | "taken" | undefined;

/** The queues of the names of an app's stage. */
export interface FoundQueues {
  readonly queue: QueueOwner;
  readonly dead: QueueOwner;
}

/** `app--stage`. */
export const queueName = stageName;

/** `app--stage-dead`: takes what crashed a hundred times. Dead jobs are in the store. */
export const deadQueueName = (owner: Owner): string => deadLetterName(queueName(owner));

const arnOf = (name: string, { account, region }: Place): string => `arn:aws:sqs:${region}:${account}:${name}`;

/** The ARN by which a role is limited to the queue. */
export const queueArn = (owner: Owner, place: Place): string => arnOf(queueName(owner), place);

/** The queue in calls: known before it is made ("Queue and message identifiers"). */
export const queueUrl = (owner: Owner, place: Place): string => urlOf(queueName(owner), place);

const urlOf = (name: string, { account, region }: Place): string =>
  `https://sqs.${region}.amazonaws.com/${account}/${name}`;

/** Two calls at once. */
export async function findQueues({ sqs }: Clients, owner: Owner, place: Place): Promise<FoundQueues> {
  const ownerOf = async (name: string): Promise<QueueOwner> => {
    const command = new ListQueueTagsCommand({ QueueUrl: urlOf(name, place) });
    const found = await sqs.send(command).catch(undefinedIfMissing);
    return found && (isOurs(owner, found.Tags) ? "ours" : "taken");
  };
  const [queue, dead] = await Promise.all([ownerOf(queueName(owner)), ownerOf(deadQueueName(owner))]);
  return { queue, dead };
}

/** Makes those that are missing, each whole by one call that may be repeated. Throws UserError NAME_TAKEN. */
export async function ensureQueues(
  clients: Clients,
  owner: Owner,
  place: Place,
  found: FoundQueues | undefined,
): Promise<void> {
  const deadLetterTargetArn = arnOf(deadQueueName(owner), place);
  // In this order, since the one names the other.
  if (found?.dead === undefined) await createQueue(clients, owner, deadQueueName(owner), {});
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: jobQueue.maxReceiveCount });
  if (found?.queue === undefined)
    await createQueue(clients, owner, queueName(owner), {
      VisibilityTimeout: String(jobQueue.visibilityTimeout),
      RedrivePolicy,
    });
}

/** A name is free a minute after its queue was deleted. */
async function createQueue(
  { sqs, clock, onWait }: Clients,
  owner: Owner,
  QueueName: string,
  attributes: Readonly<Record<string, string>>,
): Promise<void> {
  const Attributes = { ...attributes, MessageRetentionPeriod: String(jobQueue.retention) };
  const command = new CreateQueueCommand({ QueueName, Attributes, tags: ownerTags(owner) });
  let isWaiting = false;
  const isForNow = (error: unknown): boolean => {
    if (!hasName(error, "QueueDeletedRecently")) return false;
    if (!isWaiting) onWait(`waiting for the name ${QueueName}: SQS frees it a minute after its queue was deleted`);
    return (isWaiting = true);
  };
  await retry({ clock }, isForNow, () =>
    sqs.send(command).catch((error: unknown) => {
      throw hasName(error, "QueueNameExists") ? queueTaken(QueueName, error) : error;
    }),
  );
}

const queueTaken = (name: string, cause: unknown): UserError =>
  new UserError(
    "NAME_TAKEN",
    `the queue ${name} exists in the account, with other settings than the jobs of an app need`,
    "Rename the app or the stage, or remove that queue yourself.",
    { cause },
  );

/** What a queue holds, as SQS knows it: about. */
export interface MessageCounts {
  /** Delayed ones included. */
  readonly waiting: number;
  readonly running: number;
}

async function countIn({ sqs }: Clients, QueueUrl: string): Promise<MessageCounts> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl,
      AttributeNames: [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
      ],
    }),
  );
  const count = (kind: "" | "Delayed" | "NotVisible"): number =>
    Number(Attributes[`ApproximateNumberOfMessages${kind}`] ?? 0);
  return { waiting: count("") + count("Delayed"), running: count("NotVisible") };
}

/** Counts the messages of each queue of ours. */
export async function countMessages(
  clients: Clients,
  owner: Owner,
  place: Place,
  { queue, dead }: FoundQueues,
): Promise<readonly StoredData[]> {
  const names = [...(queue === "ours" ? [queueName(owner)] : []), ...(dead === "ours" ? [deadQueueName(owner)] : [])];
  return Promise.all(
    names.map(async (name): Promise<StoredData> => {
      const { waiting, running } = await countIn(clients, urlOf(name, place));
      return { kind: "queue", name, entries: waiting + running, isMore: false };
    }),
  );
}

/** A stage's queue of jobs, for people. */
export interface StageQueue {
  counts(): Promise<MessageCounts>;
  send(body: string): Promise<void>;
}

/** Throws UserError QUEUE_MISSING. */
export async function openStageQueue(clients: Clients, owner: Owner, place: Place): Promise<StageQueue> {
  const { queue } = await findQueues(clients, owner, place);
  if (queue !== "ours") throw queueMissing(owner);
  const QueueUrl = queueUrl(owner, place);
  return {
    counts: () => countIn(clients, QueueUrl),
    send: async (body) =>
      void (await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: escaped(body) }))),
  };
}

/** SQS refuses two characters that JSON may have. */
const escaped = (json: string): string =>
  json.replace(/[\uFFFE\uFFFF]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);

const queueMissing = (owner: Owner): UserError =>
  new UserError(
    "QUEUE_MISSING",
    `there is no queue ${queueName(owner)} of this app`,
    `Run portico deploy --stage ${owner.stage} with a job first.`,
  );

/** Deletes those of ours, with the messages that wait in them. */
export async function deleteQueues(clients: Clients, owner: Owner, place: Place): Promise<readonly Removed[]> {
  const { queue, dead } = await findQueues(clients, owner, place);
  const removed: Removed[] = [];
  const remove = async (name: string): Promise<void> => {
    await clients.sqs.send(new DeleteQueueCommand({ QueueUrl: urlOf(name, place) })).catch(undefinedIfMissing);
    removed.push({ kind: "queue", name });
  };
  if (queue === "ours") await remove(queueName(owner));
  if (dead === "ours") await remove(deadQueueName(owner));
  return removed;
}
