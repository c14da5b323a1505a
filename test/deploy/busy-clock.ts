/** A virtual clock that stands still while anything is under way: time passes only when everybody waits for it. */
import { type VirtualClock, virtualClock } from "./virtual-clock.ts";

/** The clock, and how it is told that something is under way. */
export interface BusyClock extends VirtualClock {
  /** No time passes before `work` ends. */
  busy<T>(work: () => Promise<T>): Promise<T>;
  /** Lets time pass; resolves when what was due in it came to its end. */
  pass(milliseconds: number): Promise<void>;
}

/** @param start epoch ms */
export function busyClock(start = Date.now()): BusyClock {
  let busy = 0;
  const clock = virtualClock(start, () => busy > 0);
  return {
    ...clock,
    async busy(work) {
      busy += 1;
      try {
        return await work();
      } finally {
        busy -= 1;
      }
    },
    async pass(milliseconds) {
      clock.advance(milliseconds);
      // Twenty turns of the loop without a call: what follows on an answer had its turn.
      for (let quiet = 0; quiet < 20; quiet = busy > 0 ? 0 : quiet + 1) await new Promise((done) => setTimeout(done, 1));
    },
  };
}
