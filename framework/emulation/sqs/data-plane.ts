/** The data operations of SQS by name, with their permission. */
import { authorize, type Caller } from "../aws/policy.ts";
import {
  changeMessageVisibility,
  deleteMessage,
  getQueueAttributes,
  type QueueOperation,
  receiveMessage,
  sendMessage,
} from "./operations.ts";
import { type QueuePlane, requireQueue } from "./queue.ts";

/** By the names of the API. */
export const queueOperations: Readonly<Record<string, QueueOperation>> = {
  SendMessage: sendMessage,
  ReceiveMessage: receiveMessage,
  DeleteMessage: deleteMessage,
  ChangeMessageVisibility: changeMessageVisibility,
  GetQueueAttributes: getQueueAttributes,
};

/** A call of a known operation. */
export interface QueueCall {
  readonly operation: string;
  readonly members: Readonly<Record<string, unknown>>;
  /** Undefined for the account's own key, which may do everything. */
  readonly caller: Caller | undefined;
}

/** Runs calls. The result gives the members of the response, and rejects with AwsError. */
export const createQueueCalls =
  (plane: QueuePlane) =>
  async ({ operation, members, caller }: QueueCall): Promise<Readonly<Record<string, unknown>>> => {
    const { QueueUrl: url } = members;
    // What has no valid queue is refused by the operation itself. Errors name the action in lower case.
    if (caller && typeof url === "string")
      authorize(caller, `sqs:${operation.toLowerCase()}`, requireQueue(url, plane).arn);
    return queueOperations[operation]!(members, plane, caller?.arn ?? plane.account);
  };
