/** The queue binding of jobs in `portico dev` on Workers: its messages go into the queue of the app's data folder. */
import type { WorkerBindings } from "../emulation/workers/worker-bindings.ts";
import { openSqliteQueue } from "../features/jobs/sqlite-queue.ts";

/** The binding that `portico/jobs` sends to, and a queue name that no queue of Cloudflare can have. */
const binding = "PORTICO_JOBS";
const queueName = "PORTICO JOBS";

/** A queue that is open. */
export interface DevQueue {
  /** Adds the queue to other bindings. */
  bind(bindings: WorkerBindings): WorkerBindings;
  close(): void;
}

/** Opens the queue, from which startDevJobs takes the messages. @param data absolute path of the data folder */
export function openDevQueue(data: string): DevQueue {
  const queue = openSqliteQueue(data);
  const take = async (request: Request): Promise<Response> => {
    // The binding's protocol (workerd, api/queue.c++); `send` of portico/jobs sends one message as text.
    const delay = Number(request.headers.get("x-msg-delay-secs") ?? 0);
    queue.send(await request.text(), Date.now() + delay * 1000);
    return Response.json({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: 0 } } });
  };
  return {
    bind: (bindings) => ({
      ...bindings,
      queues: { ...bindings.queues, [binding]: queueName },
      sendMessages: (name, request) => (name === queueName ? take(request) : bindings.sendMessages(name, request)),
    }),
    close: () => queue.close(),
  };
}
