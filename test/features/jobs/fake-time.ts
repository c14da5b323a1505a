/** A clock and timers that a test moves, so that no test waits for real time. */
import type { Time } from "../../../framework/features/jobs/job-runner.ts";

/** Time that stands still until `advance`. */
export interface FakeTime extends Time {
  /**
   * Calls the timers of the next milliseconds in their order.
   * @param settled is awaited before each step, so that what runs at a time has ended before the time goes on
   */
  advance(ms: number, settled: () => Promise<void>): Promise<void>;
  /** Changes what the clock shows, and no timer. */
  jump(ms: number): void;
}

/** @param start epoch milliseconds */
export function createFakeTime(start: number): FakeTime {
  let elapsed = 0;
  let offset = start;
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  return {
    now: () => offset + elapsed,
    after(ms, callback) {
      const timer = { at: elapsed + Math.max(0, ms), callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms, settled) {
      const end = elapsed + ms;
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop
        await settled();
        const [next] = [...timers].toSorted((a, b) => a.at - b.at);
        if (!next || next.at > end) break;
        timers.delete(next);
        elapsed = Math.max(elapsed, next.at);
        next.callback();
      }
      elapsed = end;
      await settled();
    },
    jump(by) {
      offset += by;
    },
  };
}
