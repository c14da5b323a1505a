/** The builds of functions that workerd may still import; a retired build is kept until its last request ends. */
import type { LoadedFunction } from "../../model/invocation.ts";

/** Held with the emulation. */
export interface LoadedFunctions {
  /** Keeps the build for a request; the returned function ends that. */
  hold(key: string, fn: LoadedFunction): () => void;
  get(key: string): LoadedFunction | undefined;
  /** Retires all builds of a function; a running request may still have to import one. */
  retire(id: string): void;
}

/** A build and its use. */
interface Build {
  readonly fn: LoadedFunction;
  /** Running requests. */
  requests: number;
  retired: boolean;
}

/** Keys are `id/hash`. */
export function createLoadedFunctions(): LoadedFunctions {
  const builds = new Map<string, Build>();
  return {
    hold(key, fn) {
      const build = builds.get(key) ?? { fn, requests: 0, retired: false };
      builds.set(key, build);
      build.retired = false;
      build.requests += 1;
      return () => {
        build.requests -= 1;
        if (build.retired && build.requests === 0) builds.delete(key);
      };
    },
    get: (key) => builds.get(key)?.fn,
    retire(id) {
      for (const [key, build] of builds) {
        if (!key.startsWith(`${id}/`)) continue;
        build.retired = true;
        if (build.requests === 0) builds.delete(key);
      }
    },
  };
}
