/** The development builder: bundles each function on its first request, and again after its files changed. */
import { realpathSync } from "node:fs";
import { isAbsolute, relative } from "node:path";
import type { FunctionSource, LoadedFunction } from "../model/invocation.ts";
import type { Job } from "../model/job.ts";
import type { Route } from "../model/route.ts";
import { UserError } from "../model/user-error.ts";
import { DevFunction } from "./dev-function.ts";
import type { DevOptions } from "./dev-options.ts";
import { type FunctionPlan, groupRoutes, jobFunctionId, uploadsFunctionId } from "./function-groups.ts";
import { wantsLightClasses } from "./lambda/web-classes.ts";
import { lightClassesModule } from "./lambda/web-classes-module.ts";

/** A held resource: one esbuild context per loaded function. */
export interface DevBuilder extends FunctionSource {
  /**
   * Replaces the routes and jobs; functions whose routes or job did not change keep their builds, unless the names of
   * the jobs changed, which any function may contain.
   */
  setRoutes(routes: readonly Route[], jobs?: readonly Job[]): void;
  /**
   * Builds by function id (function-groups.ts). Rejects with UserError, and builds again after a change; NO_FUNCTION
   * for an unknown id.
   */
  load(id: string): Promise<LoadedFunction>;
  /** The ids of loaded functions that these absolute paths affect; the next `load` of each builds again. */
  changed(paths: readonly string[]): readonly string[];
  close(): Promise<void>;
}

/** Contexts held at once, since each keeps its source files in memory. */
const maxContexts = 64;

/** Builds nothing before the first `load`. */
export function createDevBuilder(options: Omit<DevOptions, "jobs">): DevBuilder {
  // esbuild names files by their real paths.
  const root = realpathSync(options.app.root);
  const reported = new Set<string>();
  const onWarning = (text: string): void => {
    if (!reported.has(text)) options.onWarning?.(text);
    reported.add(text);
  };
  const functions = new Map<string, DevFunction>();
  const closing = new Set<Promise<void>>();
  const drop = (id: string, fn: DevFunction): void => {
    functions.delete(id);
    const end = fn.close().finally(() => closing.delete(end));
    closing.add(end);
  };
  // While the routes are read; the first build that needs the classes reports a failure.
  if (options.target === "lambda" && wantsLightClasses(options.app)) lightClassesModule().catch(() => undefined);
  let plans = new Map<string, FunctionPlan>();
  let jobs: readonly Job[] = [];
  return {
    setRoutes(routes, next = []) {
      const all = [...groupRoutes(options.app.group, options.target, routes), ...next.map(jobPlan), uploadsPlan];
      plans = new Map(all.map((plan) => [plan.id, plan]));
      const renamed = namesOf(next) !== namesOf(jobs);
      jobs = next;
      for (const [id, fn] of functions)
        if (renamed || JSON.stringify(plans.get(id)) !== JSON.stringify(fn.plan)) drop(id, fn);
    },
    load(id) {
      const plan = plans.get(id);
      if (!plan)
        return Promise.reject(
          new UserError("NO_FUNCTION", `there is no function ${id}`, "Run portico routes for the list of functions."),
        );
      const fn =
        functions.get(id) ?? new DevFunction({ ...options, onWarning, jobs, app: { ...options.app, root } }, plan);
      // Moved to the end, so that the map's first entry is the least recently used.
      functions.delete(id);
      functions.set(id, fn);
      const [oldest] = functions;
      if (oldest && functions.size > maxContexts) drop(...oldest);
      return fn.load();
    },
    changed(paths) {
      const keys = paths
        .map((path) => toKey(options.app.root, root, path))
        .filter((key) => !key.startsWith(".portico/"));
      if (keys.length === 0) return [];
      return [...functions].filter(([, fn]) => fn.invalidate(keys)).map(([id]) => id);
    },
    async close() {
      for (const [id, fn] of functions) drop(id, fn);
      await Promise.all(closing);
    },
  };
}

const jobPlan = (job: Job): FunctionPlan => ({ id: jobFunctionId(job.name), routes: [], job });

const uploadsPlan: FunctionPlan = { id: uploadsFunctionId, routes: [], uploads: true };

const namesOf = (jobs: readonly Job[]): string => jobs.map(({ name }) => name).join();

/** A path in the form of metafile keys: relative to the real root. */
function toKey(appRoot: string, root: string, path: string): string {
  const inside = relative(appRoot, path);
  const key = inside.startsWith("..") || isAbsolute(inside) ? relative(root, path) : inside;
  return key.replaceAll("\\", "/");
}
