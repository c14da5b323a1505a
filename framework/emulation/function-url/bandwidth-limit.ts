/** The bandwidth limit of a streamed response (developer guide, "Bandwidth limits for response streaming"). */

/** Bytes without a limit, and bytes per second after them. */
const burst = 6 * 1024 ** 2;
const perSecond = 2 * 1024 ** 2;

/** The clock, which tests replace. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  wait(milliseconds: number): Promise<void>;
}

const realClock: Clock = {
  now: () => performance.now(),
  wait: (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds)),
};

/** Called with the length of each part before it is sent; resolves when it may be sent. */
export type BandwidthLimit = (bytes: number) => Promise<void>;

/** For one response. */
export function createBandwidthLimit(clock: Clock = realClock): BandwidthLimit {
  let burstLeft = burst;
  let freeAt = 0;
  return async (bytes) => {
    burstLeft -= bytes;
    if (burstLeft >= 0) return;
    // Bytes over the burst wait for the parts before them.
    const now = clock.now();
    freeAt = Math.max(freeAt, now) + (Math.min(-burstLeft, bytes) / perSecond) * 1000;
    if (freeAt > now) await clock.wait(freeAt - now);
  };
}
