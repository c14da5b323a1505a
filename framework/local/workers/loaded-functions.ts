/** The builds that workerd may still ask for: functions in with each request, a build by its key out; one that was retired goes with its last request. */
import type { LoadedFunction } from "../../model/invocation.ts";

/** Held with the emulation. */
export interface LoadedFunctions {
  /** Keeps the build for a request; to be called back when that is answered. */
  hold(key: string, fn: LoadedFunction): () => void;
  get(key: string): LoadedFunction | undefined;
  /** All builds of a function: whoever asks one of them right now may still have to start it. */
  retire(id: string): void;
}

/** What is kept of a build. */
interface Held {
  readonly fn: LoadedFunction;
  /** Requests under way. */
  requests: number;
  retired: boolean;
}

/** Keys are `id/hash`. */
export function createLoadedFunctions(): LoadedFunctions {
  const builds = new Map<string, Held>();
  return {
    hold(key, fn) {
      const held = builds.get(key) ?? { fn, requests: 0, retired: false };
      builds.set(key, held);
      held.retired = false;
      held.requests += 1;
      return () => {
        held.requests -= 1;
        if (held.retired && held.requests === 0) builds.delete(key);
      };
    },
    get: (key) => builds.get(key)?.fn,
    retire(id) {
      for (const [key, held] of builds) {
        if (!key.startsWith(`${id}/`)) continue;
        held.retired = true;
        if (held.requests === 0) builds.delete(key);
      }
    },
  };
}
