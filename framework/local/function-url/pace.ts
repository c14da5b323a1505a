/** The speed of a streamed answer: its bytes in, waiting as long as Lambda would take to send them (developer guide, "Bandwidth limits"). */

/** Sent as fast as it is taken, bytes; then `perSecond`. */
const burst = 6 * 1024 ** 2;
const perSecond = 2 * 1024 ** 2;

/** Time, so that a test can have its own. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  wait(milliseconds: number): Promise<void>;
}

const realClock: Clock = {
  now: () => performance.now(),
  wait: (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds)),
};

/** Called with the length of each part before it is sent; resolves when its turn has come. */
export function createPace(clock: Clock = realClock): (bytes: number) => Promise<void> {
  let left = burst;
  let free = 0;
  return async (bytes) => {
    left -= bytes;
    if (left >= 0) return;
    // What is over the burst queues up behind what is still being sent.
    const now = clock.now();
    free = Math.max(free, now) + (Math.min(-left, bytes) / perSecond) * 1000;
    if (free > now) await clock.wait(free - now);
  };
}
