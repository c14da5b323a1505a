/**
 * Decides whether a history of concurrent operations on one key is linearizable: whether each can be given one moment
 * between its call and its return so that their order explains every result (Wing and Gong's search, with memory).
 */

/** An operation as a client saw it. Times are of one clock. */
export interface Operation<S> {
  readonly call: number;
  /** Infinity for an operation whose outcome is unknown: it may happen at any later time, or never. */
  readonly return: number;
  /** The state after it; undefined where its result is impossible in this state. */
  apply(state: S): S | undefined;
}

/** @param initial the state before; states are compared as they are */
export function isLinearizable<S extends string | number>(operations: readonly Operation<S>[], initial: S): boolean {
  const known = operations.filter((one) => one.return < Infinity).length;
  const failed = new Set<string>();
  const search = (done: ReadonlySet<Operation<S>>, left: number, state: S): boolean => {
    if (left === 0) return true;
    const key = `${operations.map((one) => (done.has(one) ? 1 : 0)).join("")} ${state}`;
    if (failed.has(key)) return false;
    const open = operations.filter((one) => !done.has(one));
    const firstReturn = Math.min(...open.map((one) => one.return));
    for (const one of open) {
      // It began after another had returned.
      if (one.call > firstReturn) continue;
      const next = one.apply(state);
      if (next === undefined) continue;
      if (search(new Set([...done, one]), one.return < Infinity ? left - 1 : left, next)) return true;
    }
    failed.add(key);
    return false;
  };
  return search(new Set(), known, initial);
}
