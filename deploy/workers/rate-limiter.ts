/** Delays calls so that they stay within Cloudflare's 1,200 in five minutes (API docs, "Rate limits"). */
import type { Clock } from "../clock.ts";

const length = 5 * 60 * 1000;
const most = 1200;

/**
 * Exceeding it would block every call of the user, the dashboard's too, for five minutes; so the call waits here
 * instead.
 */
export function createRateLimiter(clock: Clock): () => Promise<void> {
  let sent: number[] = [];
  return async () => {
    for (;;) {
      const now = clock.now();
      sent = sent.filter((time) => now - time < length);
      if (sent.length < most) {
        sent.push(now);
        return;
      }
      await clock.sleep(sent[0]! + length - now);
    }
  };
}
