/** Builds functions when they are asked for and again when their files change: routes and changed paths in, loaded functions out. */
import { realpathSync } from "node:fs";
import { isAbsolute, relative } from "node:path";
import type { FunctionSource, LoadedFunction } from "../model/invocation.ts";
import type { Route } from "../model/route.ts";
import { UserError } from "../model/user-error.ts";
import { DevFunction } from "./dev-function.ts";
import type { DevOptions } from "./dev-options.ts";
import { groupRoutes } from "./group.ts";

/** Held open: one esbuild context per function that was asked for. */
export interface DevBuilder extends FunctionSource {
  /** Takes the place of the routes before; functions whose routes are the same keep their builds. */
  setRoutes(routes: readonly Route[]): void;
  /** By function id (build/group.ts). Rejects with UserError, and tries again once something changed; NO_FUNCTION for an unknown id. */
  load(id: string): Promise<LoadedFunction>;
  /** The ids of loaded functions that these absolute paths touch; their next `load` builds anew. */
  changed(paths: readonly string[]): readonly string[];
  close(): Promise<void>;
}

/** Contexts held at once; more would hold the source trees of a large app in memory. */
const bound = 64;

/** Nothing is built until it is asked for. */
export function createDevBuilder(options: DevOptions): DevBuilder {
  // esbuild names files by their real paths.
  const root = realpathSync(options.app.root);
  const functions = new Map<string, DevFunction>();
  const ending = new Set<Promise<void>>();
  const drop = (id: string, fn: DevFunction): void => {
    functions.delete(id);
    const end = fn.close().finally(() => ending.delete(end));
    ending.add(end);
  };
  /** What a start builds before anybody asks for it. */
  let first: string | undefined;
  let plans = new Map<string, readonly Route[]>();
  return {
    setRoutes(routes) {
      plans = new Map(groupRoutes(options.app.group, options.target, routes).map((plan) => [plan.id, plan.routes]));
      for (const [id, fn] of functions) if (JSON.stringify(plans.get(id)) !== JSON.stringify(fn.routes)) drop(id, fn);
    },
    load(id) {
      const routes = plans.get(id);
      if (!routes) return Promise.reject(new UserError("NO_FUNCTION", `there is no function ${id}`, "Look at portico routes."));
      first ??= id;
      const fn = functions.get(id) ?? new DevFunction({ ...options, app: { ...options.app, root } }, { id, routes });
      // Put last: the first of the map is the least recently used.
      functions.delete(id);
      functions.set(id, fn);
      const [oldest] = functions;
      if (oldest && functions.size > bound) drop(...oldest);
      return fn.load();
    },
    changed(paths) {
      const keys = paths.map((path) => toKey(options.app.root, root, path)).filter((key) => !key.startsWith(".portico/"));
      if (keys.length === 0) return [];
      return [...functions].filter(([, fn]) => fn.invalidate(keys)).map(([id]) => id);
    },
    async close() {
      functions.get(first ?? "")?.remember();
      for (const [id, fn] of functions) drop(id, fn);
      await Promise.all(ending);
    },
  };
}

/** A path as the metafile has it: relative to the real root. */
function toKey(given: string, root: string, path: string): string {
  const inside = relative(given, path);
  const key = inside.startsWith("..") || isAbsolute(inside) ? relative(root, path) : inside;
  return key.replaceAll("\\", "/");
}
