/** The rolling restart of workerd: new requests go to the newest process, an older one ends after its last request. */

/** A workerd process. */
export interface Generation<W> {
  readonly workerd: Promise<W>;
  isStarted: boolean;
  /** Running requests. */
  requests: number;
  /** True once it stopped responding; its requests are aborted. */
  isStuck: boolean;
}

/** Held with the emulation. */
export interface Rolling<W> {
  current(): Generation<W>;
  /** Registers a request with the newest process; `release` ends it. */
  enter(): { readonly used: Generation<W>; release(): void };
  /** Starts a process for new requests; the older one ends after its last request. */
  restart(): void;
  /** Starts a process for new requests once the current one, which does not respond, is killed. */
  replaceStuck(): void;
  close(): Promise<void>;
}

/** Starts the first process at once; a failed start rejects the requests that need it. */
export function startRolling<W extends { close(): Promise<void> }>(start: () => Promise<W>): Rolling<W> {
  const all = new Set<Generation<W>>();
  const close = async (one: Generation<W>): Promise<void> => {
    await one.workerd.then((running) => running.close()).catch(() => undefined);
    all.delete(one);
  };
  const open = (before: Promise<unknown> = Promise.resolve()): Generation<W> => {
    const opened: Generation<W> = { workerd: before.then(start), isStarted: false, requests: 0, isStuck: false };
    opened.workerd.then(
      () => (opened.isStarted = true),
      () => undefined,
    );
    all.add(opened);
    return opened;
  };
  let current = open();
  return {
    current: () => current,
    enter() {
      const used = current;
      used.requests += 1;
      const release = (): void => {
        used.requests -= 1;
        if (used !== current && used.requests === 0) void close(used);
      };
      return { used, release };
    },
    restart() {
      const old = current;
      current = open();
      if (old.requests === 0) void close(old);
    },
    replaceStuck() {
      const stuck = current;
      stuck.isStuck = true;
      current = open(close(stuck));
    },
    close: async () => void (await Promise.all([...all].map(close))),
  };
}
