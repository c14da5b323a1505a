/** The API's own rate limit: calls in, the seconds to wait out once there were too many (docs: API limits). */
import type { Clock } from "../clock.ts";

const window = 5 * 60 * 1000;
const most = 1200;

/** Undefined lets the call pass; a number is how many seconds every call is refused from now. */
export type RateLimit = () => number | undefined;

/** 1,200 calls in five minutes; the one above blocks all for the next five. */
export function createRateLimit(clock: Clock): RateLimit {
  let calls: number[] = [];
  let blockedUntil = 0;
  return () => {
    const now = clock.now();
    if (now < blockedUntil) return Math.ceil((blockedUntil - now) / 1000);
    calls = calls.filter((time) => now - time < window);
    calls.push(now);
    if (calls.length <= most) return undefined;
    blockedUntil = now + window;
    calls = [];
    return window / 1000;
  };
}
