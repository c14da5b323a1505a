/** The queues of the local AWS as SQS's data operations work on them: on the cloud's clock, messages in one file. */
import { join } from "node:path";
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import { createPauses } from "../../../emulation/sqs/pauses.ts";
import type { QueuePlane } from "../../../emulation/sqs/queue.ts";
import { QueueStore } from "../../../emulation/sqs/queue-store.ts";
import { account } from "../arn.ts";
import type { Uses } from "../backends.ts";
import { findQueueRecord, toQueue } from "./queue-records.ts";

/**
 * Opens the file of messages when it is first used. Removes those of missing queues then: a kill in the middle of
 * DeleteQueue leaves them behind. `closeQueues` ends calls that wait for a message.
 */
export function openQueuePlane(
  folder: string,
  { queues, clock }: Uses<"queues" | "clock">,
): { readonly queuePlane: QueuePlane; readonly closeQueues: () => void } {
  let store: QueueStore | undefined;
  let isClosed = false;
  const open = (): QueueStore => {
    const opened = new QueueStore(join(folder, "sqs", "messages.sqlite"));
    for (const name of opened.queues()) if (!findQueueRecord(name, queues)) opened.removeQueue(name);
    return opened;
  };
  const { close, ...pauses } = createPauses({});
  return {
    queuePlane: {
      account,
      now: () => clock.now(),
      messages() {
        if (isClosed) throw new AwsError("ServiceUnavailable", 503, "The local cloud was closed.");
        return (store ??= open());
      },
      findQueue(name) {
        const queue = findQueueRecord(name, queues);
        return queue && clock.now() >= queue.readyAt ? toQueue(queue) : undefined;
      },
      ...pauses,
    },
    closeQueues() {
      isClosed = true;
      close();
      store?.close();
      store = undefined;
    },
  };
}
