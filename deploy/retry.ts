/** Retries and polls with growing pauses on an injected clock, up to a time limit. */
import type { Clock } from "./clock.ts";

/** How long to go on, in milliseconds. */
export interface RetryOptions {
  readonly clock: Clock;
  readonly limit?: number;
}

// The role of a fresh app takes up to half a minute to be seen, a function's update seconds; Terraform waits as long.
const defaultLimit = 120_000;
const firstPause = 250;
const longestPause = 5_000;

/**
 * Tries until it works, until `again` is false for the error, or until the time is up: then the last error is
 * thrown.
 */
export async function retry<T>(
  { clock, limit = defaultLimit }: RetryOptions,
  isRetryable: (error: unknown) => boolean,
  attempt: () => Promise<T>,
): Promise<T> {
  const end = clock.now() + limit;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isRetryable(error) || clock.now() + pause > end) throw error;
    }
    await clock.sleep(pause);
  }
}

/**
 * Reads until `isDone`; returns the last value read. `isDone` may throw for a state that cannot succeed. Not the SDK's
 * waiters: those take every error, even a refused permission, for "not yet". Throws Error when the time is up.
 */
export async function poll<T>(
  { clock, limit = defaultLimit }: RetryOptions,
  subject: string,
  read: () => Promise<T>,
  isDone: (value: T) => boolean,
): Promise<T> {
  const end = clock.now() + limit;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    const value = await read();
    if (isDone(value)) return value;
    if (clock.now() + pause > end) throw new Error(`${subject} took longer than ${limit / 1000} s`);
    await clock.sleep(pause);
  }
}
