/**
 * The queue of an app under development, with its dead letter queue: its data operations at an address of their own,
 * its messages in a file. Several processes may open the same file, and then share its messages.
 */
import { listen } from "../../http/loopback-server.ts";
import { deadLetterName, jobQueue } from "../../model/job-queue.ts";
import type { HttpRequest, HttpResponse } from "../../model/http-message.ts";
import { AwsError } from "../aws/aws-error.ts";
import { assumedRoleArn, credentialVariables, findSession, issueSession } from "../aws/session-credentials.ts";
import { verifySignature } from "../aws/signature.ts";
import { createQueueCalls, type QueueCall, queueOperations } from "./data-plane.ts";
import { createPauses } from "./pauses.ts";
import { membersOf, operationOf, sqsResponse, writeSqsError } from "./protocol.ts";
import { defaultQueue, type Queue, type QueuePlane } from "./queue.ts";
import { QueueStore } from "./queue-store.ts";

/** Which queue, and where. */
export interface LocalQueueOptions {
  /** Of the messages; its folder is made when it is missing. */
  readonly file: string;
  /** The queue's name. */
  readonly name: string;
  readonly region: string;
  readonly account: string;
  /** Of the credentials that it takes. */
  readonly secret: string;
  /** Gets failures of the server itself; the function gets a bare 500. */
  readonly onError: (error: unknown) => void;
  /** Epoch ms, and a timer that can be cancelled; the machine's by default. */
  readonly now?: () => number;
  readonly after?: (ms: number, callback: () => void) => () => void;
  /** Milliseconds after which a waiting call looks whether another process has sent. Default 500. */
  readonly lookAgainMs?: number;
}

/** A queue that answers. */
export interface LocalQueue {
  readonly url: string;
  readonly arn: string;
  /** The variables with which a function reaches it, as it would its queue on AWS. @param session its name */
  variables(session: string, role: string, actions: readonly string[]): Readonly<Record<string, string>>;
  /** Runs an operation with the account's own permissions. Rejects with AwsError. */
  call(operation: string, members: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  /** The messages, and whether they are in flight (0 or 1): for the commands of this machine, since SQS cannot list. */
  list(): ReturnType<QueueStore["list"]>;
  close(): Promise<void>;
}

/** Milliseconds that a connection may idle: longer than a function keeps one, so that it never finds one closed. */
const keepAliveMs = 60_000;

/** Opens the file and the address. Throws UserError QUEUE_FILE. */
export async function openLocalQueue(options: LocalQueueOptions): Promise<LocalQueue> {
  const { file, name, region, account, secret, onError, now = Date.now } = options;
  const messages = new QueueStore(file);
  const pauses = createPauses(options);
  const queues = queuesOf(options, now());
  const plane: QueuePlane = {
    account,
    now,
    messages: () => messages,
    findQueue: (asked) => queues.find((queue) => queue.name === asked),
    ...pauses,
  };
  const policies = new Map<string, string>();
  const run = createQueueCalls(plane);
  const listener = await listen({
    port: 0,
    keepAliveMs,
    onError,
    handle: createHandler(options, run, (role) => policies.get(role)),
  });
  const { arn } = queues[0]!;
  const url = `${listener.url.replace(/\/$/, "")}/${account}/${name}`;
  return {
    url,
    arn,
    variables(session, role, actions) {
      const statement = { Effect: "Allow", Action: actions, Resource: arn };
      policies.set(role, JSON.stringify({ Version: "2012-10-17", Statement: [statement] }));
      return {
        ...credentialVariables(issueSession(secret, { role, session })),
        AWS_ENDPOINT_URL_SQS: listener.url,
        AWS_REGION: region,
        PORTICO_JOBS: url,
      };
    },
    call: (operation, members) => run({ operation, members: { QueueUrl: url, ...members }, caller: undefined }),
    list: () => messages.list(name, now()),
    async close() {
      pauses.close();
      await listener.close();
      messages.close();
    },
  };
}

/** The queue and its dead letter queue. @param now epoch milliseconds */
function queuesOf({ name, region, account }: LocalQueueOptions, now: number): readonly Queue[] {
  const { maxReceiveCount, ...attributes } = jobQueue;
  const arnOf = (queue: string): string => `arn:aws:sqs:${region}:${account}:${queue}`;
  const dead = deadLetterName(name);
  const common = { ...defaultQueue, ...attributes, created: Math.floor(now / 1000) };
  return [
    { ...common, name, arn: arnOf(name), redrive: { deadLetterArn: arnOf(dead), maxReceiveCount } },
    { ...common, name: dead, arn: arnOf(dead) },
  ];
}

/** Verifies signatures of the issued credentials, which may do what their role may. */
function createHandler(
  { region, account, secret, now = Date.now }: LocalQueueOptions,
  run: (call: QueueCall) => Promise<Readonly<Record<string, unknown>>>,
  policyOf: (role: string) => string | undefined,
): (request: HttpRequest) => Promise<HttpResponse> {
  const answer = async (request: HttpRequest): Promise<HttpResponse> => {
    // Before the signature, which is older too where the protocol is.
    const operation = operationOf(request, queueOperations);
    const findKey = (_: string, token: string | undefined) =>
      token === undefined ? undefined : findSession(secret, token);
    const { key, scope } = await verifySignature(request, findKey, [Date.now(), now()]);
    if (scope.service !== "sqs" || scope.region !== region)
      throw new AwsError(
        "InvalidSignatureException",
        403,
        `Credential should be scoped to sqs in ${region}, not to ${scope.service} in ${scope.region}.`,
      );
    const policy = policyOf(key.session.role);
    const caller = { arn: assumedRoleArn(account, key.session), policies: policy === undefined ? [] : [policy] };
    return sqsResponse(await run({ operation, members: membersOf(request), caller }));
  };
  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      if (error instanceof AwsError) return writeSqsError(error);
      throw error;
    }
  };
}
