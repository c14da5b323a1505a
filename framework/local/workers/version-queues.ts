/** The queue bindings of a version: queue names by binding in, what miniflare needs to hand every message to a function of ours out. */
import { fileURLToPath } from "node:url";

/** Gets what a Worker sends in the binding's own protocol (workerd, api/queue.c++): a path `/message` or `/batch`, headers and a body. */
export type TakeMessages = (queue: string, request: Request) => Promise<Response>;

/** Its own name is not one that a script can have. */
const workerName = "portico_queues";

const script = `import { WorkerEntrypoint } from "cloudflare:workers";
export class Queue extends WorkerEntrypoint {
  fetch(request) {
    const asked = new Request(request);
    asked.headers.set("x-portico-queue", encodeURIComponent(this.ctx.props.queue));
    return this.env.OUT.fetch(asked);
  }
}
export default {};`;

/** @param queues names by binding */
export function queueBindings(queues: Readonly<Record<string, string>>): readonly object[] {
  const plugin = { package: fileURLToPath(new URL("version-plugin.mjs", import.meta.url)), name: "portico-version" };
  return Object.entries(queues).map(([name, queue]) => ({
    ...{ name, type: "queue", plugin },
    options: { worker: workerName, entrypoint: "Queue", queue },
  }));
}

/** The Worker that they end in. */
export function queueWorker(take: TakeMessages): object {
  return {
    name: workerName,
    modules: [{ type: "ESModule", path: "queues.mjs", contents: script }],
    compatibilityDate: "2026-07-01",
    serviceBindings: {
      OUT: (request: Request) => take(decodeURIComponent(request.headers.get("x-portico-queue") ?? ""), request),
    },
  };
}
