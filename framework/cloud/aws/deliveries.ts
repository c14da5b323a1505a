/** What the local AWS does without a call: it delivers the messages of event source mappings. */
import type { Uses } from "./backends.ts";
import { openMappingPollers, type PolledUseName } from "./lambda/mapping-pollers.ts";

/** Held open with the cloud. */
export interface Deliveries {
  /** Starts to deliver the messages of a new mapping. */
  pollMapping(uuid: string): void;
  /** Goes on with everything that was made earlier. */
  start(): void;
  /** Reports no more errors. What waits for a message ends when the queues are closed. */
  stop(): void;
}

export function openDeliveries(uses: Uses<PolledUseName>, onError: (error: unknown) => void): Deliveries {
  let isStopped = false;
  const pollMapping = openMappingPollers(uses, (error) => {
    // Invocations still end after the cloud.
    if (!isStopped) onError(error);
  });
  return {
    pollMapping,
    start() {
      for (const uuid of uses.mappings.ids()) pollMapping(uuid);
    },
    stop() {
      isStopped = true;
    },
  };
}
