/** Time in the local cloud: everything that is dated, waits or expires takes this clock, so that tests need not wait. */

/** A clock to read and to wait on, in milliseconds. */
export interface Clock {
  /** Epoch ms. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** The machine's own. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
};
