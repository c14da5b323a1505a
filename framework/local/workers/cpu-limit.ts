/** Notices a Worker that computes without end: a way to ask workerd for a sign of life in, the word that it gave none for too long out. */

/** What to watch, and whom to tell. */
export interface CpuWatchOptions {
  /** Resolves when workerd answers, whatever it says; it has one thread, so that a loop keeps it from doing so. Rejects when it is gone. */
  readonly ping: () => Promise<void>;
  /** Milliseconds without an answer that are too many. */
  readonly limitMs: number;
  readonly onExceeded: () => void;
}

/** Watches while calls run. */
export interface CpuWatch {
  /** A call begins; gives what to say at its end. */
  enter(): () => void;
  close(): void;
}

/** A call that is answered within this time is never asked about. Milliseconds. */
const askAfterMs = 1000;

/** Asks about once a second, and only while a call runs. A call that waits for something else is never cut. */
export function watchCpu({ ping, limitMs, onExceeded }: CpuWatchOptions): CpuWatch {
  let running = 0;
  let timer: NodeJS.Timeout | undefined;
  const ask = (): void => {
    timer = setTimeout(() => {
      timer = undefined;
      onExceeded();
    }, limitMs);
    const answered = timer;
    const again = (): void => {
      // An answer that came too late is to a question of before.
      if (timer !== answered) return;
      clearTimeout(timer);
      timer = running > 0 ? setTimeout(ask, askAfterMs) : undefined;
    };
    ping().then(again, again);
  };
  return {
    enter() {
      running++;
      timer ??= setTimeout(ask, askAfterMs);
      return () => {
        running--;
        if (running > 0) return;
        clearTimeout(timer);
        timer = undefined;
      };
    },
    close: () => clearTimeout(timer),
  };
}
