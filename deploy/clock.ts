/** The clock that all waiting code takes as an argument, so that tests need not wait. */

/** A clock to read and to wait on, in milliseconds. */
export interface Clock {
  now(): number;
  sleep(milliseconds: number): Promise<void>;
  /**
   * Calls `work` once that time has passed, unless the function that it gives is called before. Keeps no process alive,
   * and on a virtual clock makes no time pass: it is for background work.
   */
  later(milliseconds: number, work: () => void): () => void;
}

/** The machine's own. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
  later(milliseconds, work) {
    const timer = setTimeout(work, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};
