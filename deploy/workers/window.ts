/** Keeps to the API's rate: calls in, a wait before the one that would be too many out (API docs, "Rate limits": 1,200 calls in five minutes). */
import type { Clock } from "../clock.ts";

const length = 5 * 60 * 1000;
const most = 1200;

/** Exceeding it would block every call of the user, the dashboard's too, for five minutes; so the call waits here instead. */
export function createWindow(clock: Clock): () => Promise<void> {
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
