/** The pauses of calls that wait for a message: they end at a time, when a message comes, or with their queue. */
import { AwsError } from "../aws/aws-error.ts";
import type { QueuePlane } from "./queue.ts";

/** How long a pause is at most, and the timers. */
export interface PauseOptions {
  /** Calls back after milliseconds; returns a function that cancels. Default `setTimeout`. */
  readonly after?: (ms: number, callback: () => void) => () => void;
  /** Milliseconds. Default 500. */
  readonly lookAgainMs?: number;
}

const afterTimeout = (ms: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** `close` ends all pauses with an error, and those that begin later too. */
export function createPauses({
  after = afterTimeout,
  lookAgainMs = 500,
}: PauseOptions): Pick<QueuePlane, "pause" | "wake"> & { close(): void } {
  const waiting = new Set<() => void>();
  let isClosed = false;
  const wake = (): void => {
    for (const end of [...waiting]) end();
  };
  return {
    async pause(ms) {
      if (!isClosed)
        await new Promise<void>((done) => {
          const end = (): void => {
            cancel();
            waiting.delete(end);
            done();
          };
          const cancel = after(Math.min(ms, lookAgainMs), end);
          waiting.add(end);
        });
      if (isClosed) throw new AwsError("ServiceUnavailable", 503, "The queue was closed.");
    },
    wake,
    close() {
      isClosed = true;
      wake();
    },
  };
}
