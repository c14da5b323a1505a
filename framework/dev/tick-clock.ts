/** The clock of jobs in `portico dev` on Lambda: it sends the message that Scheduler would send each minute. */
import { minute, minutesToTick } from "../features/jobs/clock.ts";
import type { Time } from "../features/jobs/job-runner.ts";
import { tryToLead } from "../features/jobs/leader.ts";

/** A running clock. */
export interface TickClock {
  stop(): void;
}

/** The message of a minute, as the release's Scheduler sends it. @param at epoch milliseconds */
export const tickMessage = (at: number): string => JSON.stringify({ tick: new Date(at).toISOString() });

/**
 * Begins with the next minute: a process that starts twice in a minute does not tick it twice. Of several processes one
 * ticks, and another takes over in the minute after it ended.
 * @param folder of the lock on the clock
 * @param send puts a message into the queue
 */
export function startTickClock({ now, after }: Time, folder: string, send: (body: string) => void): TickClock {
  let last = Math.floor(now() / minute) * minute;
  let leadership = tryToLead(folder);
  let cancel = (): void => {};
  const wait = (): void => {
    cancel = after(minute - (now() % minute), tick);
  };
  const tick = (): void => {
    const minutes = minutesToTick(last, now());
    leadership ??= tryToLead(folder);
    if (leadership) for (const at of minutes) send(tickMessage(at));
    last = minutes.at(-1) ?? last;
    wait();
  };
  wait();
  return {
    stop() {
      cancel();
      leadership?.release();
    },
  };
}
