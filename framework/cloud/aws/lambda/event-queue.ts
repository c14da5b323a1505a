/**
 * Asynchronous invocations: an event waits, and comes again where its function fails (Lambda developer guide, "How
 * Lambda handles errors and retries with asynchronous invocation"). What waits when the cloud ends is lost.
 */
import type { InvocationResult } from "../../../emulation/lambda/invocation.ts";
import { type Clock, systemClock } from "../../clock.ts";

/** Largest event in bytes ("Lambda quotas"). */
export const maxEvent = 1_048_576;

/** Held open with the cloud. */
export interface EventQueue {
  /** Runs it now, and again later where that is needed. */
  add(run: () => Promise<InvocationResult>): void;
  stop(): void;
}

/** Milliseconds before the second and the third attempt of an event whose function failed; there is no fourth. */
const failurePauses = [60_000, 120_000];
/** Of one for which no environment was free: doubled each time. */
const [firstThrottle, longestThrottle] = [1_000, 300_000];
/** Milliseconds after which an event is given up, however it fared: Lambda's default of "Maximum age of event". */
const longestAge = 6 * 3_600_000;

/** An event, and what became of it until now. */
interface Attempt {
  readonly run: () => Promise<InvocationResult>;
  /** Epoch ms. */
  readonly since: number;
  readonly failures: number;
  readonly throttles: number;
}

interface Waiting {
  /** Epoch ms. */
  readonly at: number;
  readonly again: () => void;
}

export function openEventQueue(clock: Clock, onError: (error: unknown) => void): EventQueue {
  const waiting = new Set<Waiting>();
  let isStopped = false;
  let stopClock: (() => void) | undefined;
  const look = (): void => {
    for (const one of waiting) {
      if (one.at > clock.now()) continue;
      waiting.delete(one);
      one.again();
    }
  };
  const later = (milliseconds: number, again: () => void): void => {
    if (isStopped) return;
    waiting.add({ at: clock.now() + milliseconds, again });
    stopClock ??= (clock.every ?? systemClock.every)(1000, look);
  };
  const attempt = async (event: Attempt): Promise<void> => {
    const { run, since, failures, throttles } = event;
    if (clock.now() - since > longestAge) return;
    const { throttled, functionError } = await run();
    if (throttled) {
      const pause = Math.min(firstThrottle * 2 ** throttles, longestThrottle);
      return later(pause, () => start({ ...event, throttles: throttles + 1 }));
    }
    const pause = failurePauses[failures];
    if (functionError && pause !== undefined)
      later(pause, () => start({ ...event, failures: failures + 1, throttles: 0 }));
  };
  const start = (event: Attempt): void => void attempt(event).catch((error: unknown) => isStopped || onError(error));
  return {
    add: (run) => start({ run, since: clock.now(), failures: 0, throttles: 0 }),
    stop() {
      isStopped = true;
      waiting.clear();
      stopClock?.();
    },
  };
}
