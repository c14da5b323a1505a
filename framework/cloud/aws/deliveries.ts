/**
 * What the local AWS does without a call: it delivers the messages of event source mappings and of schedules, and the
 * events of asynchronous invocations.
 */
import type { Uses } from "./backends.ts";
import { type EventQueue, openEventQueue } from "./lambda/event-queue.ts";
import { openMappingPollers, type PolledUseName } from "./lambda/mapping-pollers.ts";
import { type ScheduledUseName, startScheduleClock } from "./scheduler/schedule-clock.ts";

/** Held open with the cloud. */
export interface Deliveries {
  /** Asynchronous invocations, which need no start. */
  readonly events: EventQueue;
  /** Starts to deliver the messages of a new mapping; before `start` it does nothing. */
  pollMapping(uuid: string): void;
  /** Goes on with everything that was made. */
  start(): void;
  /**
   * Sends and reports no more, and gives back what was not done. What waits for a message ends when the queues are
   * closed.
   */
  stop(): Promise<void>;
}

/** Who hears of what it does. */
export interface DeliveryReports {
  /** Gets a line for the user. */
  readonly onLog: (line: string) => void;
  readonly onError: (error: unknown) => void;
}

export function openDeliveries(
  uses: Uses<PolledUseName | ScheduledUseName>,
  { onLog, onError }: DeliveryReports,
): Deliveries {
  let isStarted = false;
  let isStopped = false;
  let stopClock = (): void => {};
  const report = (error: unknown): void => {
    // Invocations still end after the cloud.
    if (!isStopped) onError(error);
  };
  const pollers = openMappingPollers(uses, report);
  const events = openEventQueue(uses.clock, report);
  return {
    events,
    pollMapping(uuid) {
      if (isStarted) pollers.start(uuid);
    },
    start() {
      isStarted = true;
      for (const uuid of uses.mappings.ids()) pollers.start(uuid);
      stopClock = startScheduleClock(uses, { onLog, onError: report });
    },
    async stop() {
      isStopped = true;
      stopClock();
      events.stop();
      await pollers.stop();
    },
  };
}
