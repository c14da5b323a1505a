/** Time in the local cloud: everything that is dated, waits or expires takes this clock, so that tests need not wait. */

/** A clock to read and to wait on, in milliseconds. */
export interface Clock {
  /** Epoch ms. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
  /** Runs again and again, that many milliseconds apart, until what it gives is called; keeps no process alive. Default the machine's. */
  every?(milliseconds: number, run: () => void): () => void;
}

/** The machine's own. */
export const systemClock: Clock & Required<Pick<Clock, "every">> = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
  every(milliseconds, run) {
    const timer = setInterval(run, milliseconds);
    timer.unref();
    return () => clearInterval(timer);
  },
};
