/** Queue bindings of a Worker version: every message goes to a Worker of ours, which calls a function. */
import { fileURLToPath } from "node:url";

/**
 * Receives what a Worker sends, in the binding's own protocol (workerd, api/queue.c++): a path `/message` or `/batch`,
 * headers and a body.
 */
export type SendMessages = (queue: string, request: Request) => Promise<Response>;

/** Not a valid script name, so that no script has it. */
const workerName = "portico_queues";

const script = `import { WorkerEntrypoint } from "cloudflare:workers";
export class Queue extends WorkerEntrypoint {
  fetch(request) {
    const copy = new Request(request);
    copy.headers.set("x-portico-queue", encodeURIComponent(this.ctx.props.queue));
    return this.env.OUT.fetch(copy);
  }
}
export default {};`;

/** @param queues names by binding */
export function queueBindings(queues: Readonly<Record<string, string>>): readonly object[] {
  const plugin = { package: fileURLToPath(new URL("miniflare-plugins.mjs", import.meta.url)), name: "portico-queue" };
  return Object.entries(queues).map(([name, queue]) => ({
    name,
    type: "queue",
    plugin,
    options: { worker: workerName, entrypoint: "Queue", queue },
  }));
}

/** The Worker that receives the messages. */
export function queueWorker(send: SendMessages): object {
  return {
    name: workerName,
    modules: [{ type: "ESModule", path: "queues.mjs", contents: script }],
    compatibilityDate: "2026-07-01",
    serviceBindings: {
      OUT: (request: Request) => send(decodeURIComponent(request.headers.get("x-portico-queue") ?? ""), request),
    },
  };
}
