/** The SQS queue of an app's jobs: its attributes, and what roles may do with it. */

/**
 * Seconds. Visibility is six times the longest job, as AWS advises, until a run sets it to its job's own timeout; the
 * dead letter queue catches what ends its process again and again before the jobs' own count of attempts.
 */
export const jobQueue = { visibilityTimeout: 5400, retention: 1_209_600, maxReceiveCount: 100 } as const;

/** The name of its dead letter queue. */
export const deadLetterName = (queue: string): string => `${queue}-dead`;

/** The calls of a function that sends, as IAM names them. */
export const sendActions: readonly string[] = ["sqs:SendMessage"];

/** The calls of the function that runs jobs, and of the mapping that invokes it with its role. */
export const runActions: readonly string[] = [
  ...sendActions,
  "sqs:ReceiveMessage",
  "sqs:DeleteMessage",
  "sqs:ChangeMessageVisibility",
  "sqs:GetQueueAttributes",
];
