/** The clock of the local cloud. Everything that is dated, waits or expires uses it, so that tests need not wait. */

/** Times in milliseconds. */
export interface Clock {
  /** Epoch ms. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
  /** Repeats `run` until the returned function is called; keeps no process alive. Default the machine's. */
  every?(milliseconds: number, run: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: Clock & Required<Pick<Clock, "every">> = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
  every(milliseconds, run) {
    const timer = setInterval(run, milliseconds);
    timer.unref();
    return () => clearInterval(timer);
  },
};
