/** SQS of the local cloud: its control plane beside the data operations, with the permissions of functions. */
import { authorize } from "../../../emulation/aws/policy.ts";
import type { RoleSession } from "../../../emulation/aws/session-credentials.ts";
import { createQueueCalls, queueOperations } from "../../../emulation/sqs/data-plane.ts";
import {
  isQueryProtocol,
  membersOf,
  operationOf,
  queryProtocolRefused,
  sqsResponse,
  writeSqsError,
} from "../../../emulation/sqs/protocol.ts";
import { requireQueue } from "../../../emulation/sqs/queue.ts";
import type { HttpRequest } from "../../../model/http-message.ts";
import { queueArn } from "../arn.ts";
import type { Uses } from "../backends.ts";
import { queryError } from "../iam/query-protocol.ts";
import { callerOf } from "../role-session.ts";
import type { AwsService, PreparedCall } from "../service.ts";
import { createQueue, deleteQueue, listQueueTags, type QueueControl } from "./queues.ts";

type SqsUseName = "queues" | "queuePlane" | "queueUrl" | "roles" | "clock" | "latency";

/** The operations on queues, by the names of the API. */
export const queueControls: Readonly<Record<string, QueueControl>> = {
  CreateQueue: createQueue,
  ListQueueTags: listQueueTags,
  DeleteQueue: deleteQueue,
};

/** A function's credentials are held to the policies of its role. */
export function sqsService(uses: Uses<SqsUseName>): AwsService {
  const runQueueCall = createQueueCalls(uses.queuePlane);
  return {
    takesSessions: true,
    writeError: writeSqsError,
    prepare(request: HttpRequest, session?: RoleSession): PreparedCall {
      if (isQueryProtocol(request)) return refuseQuery(request);
      const operation = operationOf(request, { ...queueControls, ...queueOperations });
      return {
        operation,
        async run() {
          const members = membersOf(request);
          const caller = session && callerOf(session, uses.roles);
          if (Object.hasOwn(queueOperations, operation))
            return sqsResponse(await runQueueCall({ operation, members, caller }));
          if (caller) authorize(caller, `sqs:${operation.toLowerCase()}`, resourceOf(members, uses));
          return sqsResponse(queueControls[operation]!(members, uses));
        },
      };
    },
  };
}

/** The ARN that a call on a queue is about. */
function resourceOf(
  { QueueName: name, QueueUrl: url }: Readonly<Record<string, unknown>>,
  { queuePlane }: Uses<"queuePlane">,
): string {
  if (typeof name === "string") return queueArn(name);
  return typeof url === "string" ? requireQueue(url, queuePlane).arn : "*";
}

/** Answers in XML, since a client of the older protocol reads no other error. */
const refuseQuery = ({ body }: HttpRequest): PreparedCall => ({
  operation: new URLSearchParams(Buffer.from(body).toString("utf8")).get("Action") ?? "",
  run: async () => queryError(queryProtocolRefused(), "http://queue.amazonaws.com/doc/2012-11-05/"),
});
