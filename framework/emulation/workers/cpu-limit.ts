/**
 * The watchdog for endless loops in a Worker: workerd is pinged while requests run, and reported when it stays silent.
 */

/** How to watch. */
export interface CpuWatchOptions {
  /**
   * Resolves when workerd responds, whatever the status. workerd has one thread, which an endless loop occupies.
   * Rejects when the process is gone.
   */
  readonly ping: () => Promise<void>;
  /** Milliseconds without a response after which the limit counts as exceeded. */
  readonly limitMs: number;
  readonly onExceeded: () => void;
}

/** Watches while requests run. */
export interface CpuWatch {
  /** Registers a request; the returned function ends it. */
  enter(): () => void;
  close(): void;
}

/** Milliseconds from the first running request to the first ping, and between pings. */
const pingIntervalMs = 1000;

/** Pings about once a second while requests run. A request that waits for I/O never exceeds the limit. */
export function watchCpu({ ping, limitMs, onExceeded }: CpuWatchOptions): CpuWatch {
  let running = 0;
  let timer: NodeJS.Timeout | undefined;
  const check = (): void => {
    timer = setTimeout(() => {
      timer = undefined;
      onExceeded();
    }, limitMs);
    const pinged = timer;
    const next = (): void => {
      // A late response belongs to an earlier ping.
      if (timer !== pinged) return;
      clearTimeout(timer);
      timer = running > 0 ? setTimeout(check, pingIntervalMs) : undefined;
    };
    ping().then(next, next);
  };
  return {
    enter() {
      running++;
      timer ??= setTimeout(check, pingIntervalMs);
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
