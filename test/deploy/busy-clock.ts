/** Clocks for tests: a virtual one that stands still while work is under way, and the machine's own. */
import { systemClock } from "../../deploy/clock.ts";
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
      for (let quiet = 0; quiet < 20; quiet = busy > 0 ? 0 : quiet + 1)
        await new Promise((done) => setTimeout(done, 1));
    },
  };
}

export const realClock: BusyClock = {
  ...systemClock,
  pauses: [],
  busy: (work) => work(),
  pass: (milliseconds) => systemClock.sleep(milliseconds),
  advance() {
    throw new Error("nobody moves a real clock");
  },
};
