/**
 * A clock for tests on which waiting takes no time: sleepers are woken in order, and time jumps from one to the next.
 */
import type { Clock } from "../../deploy/clock.ts";

/** The clock, and how long the sleeps on it were. */
export interface VirtualClock extends Clock {
  readonly pauses: readonly number[];
  /** Lets time pass without anybody having slept. */
  advance(milliseconds: number): void;
}

interface Moment {
  readonly due: number;
  readonly run: () => void;
}

/**
 * @param start epoch ms @param isBusy true while something goes on that takes no time by this clock: it then stands
 * still
 */
export function virtualClock(start = Date.UTC(2026, 10, 25), isBusy = (): boolean => false): VirtualClock {
  let now = start;
  const pauses: number[] = [];
  const sleepers = new Set<Moment>();
  const timers = new Set<Moment>();
  const arrive = (due: number, moments: Set<Moment>): void => {
    for (const moment of [...moments].filter((one) => one.due <= due).toSorted((one, other) => one.due - other.due)) {
      moments.delete(moment);
      moment.run();
    }
  };
  const pump = (): void => {
    if (isBusy()) return void setTimeout(pump, 1);
    const due = Math.min(...[...sleepers].map((one) => one.due));
    if (!Number.isFinite(due)) return;
    now = Math.max(now, due);
    arrive(now, timers);
    arrive(now, sleepers);
  };
  return {
    pauses,
    now: () => now,
    sleep(milliseconds) {
      pauses.push(milliseconds);
      return new Promise((done) => {
        sleepers.add({ due: now + milliseconds, run: done });
        setTimeout(pump, 0);
      });
    },
    later(milliseconds, work) {
      const moment: Moment = { due: now + milliseconds, run: work };
      timers.add(moment);
      return () => void timers.delete(moment);
    },
    advance(milliseconds) {
      now += milliseconds;
      arrive(now, timers);
      arrive(now, sleepers);
    },
  };
}
