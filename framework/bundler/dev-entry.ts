/** The entry of one function in `portico dev`: of a route, of a group of routes, of a job, or of upload forms. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type App, envNames, type FunctionSettings } from "../model/app.ts";
import { databaseUrls } from "../model/database.ts";
import type { Target } from "../model/target.ts";
import { functionEntry, type ScannedRoute } from "./function-entry.ts";
import { type FunctionPlan, functionSettings } from "./function-groups.ts";
import { scanJobs } from "./job-exports.ts";
import { devJobEntry } from "./jobs-entry.ts";
import { wantsLightClasses } from "./lambda/web-classes.ts";
import { guessMethods, type Scan, scanRoutes } from "./route-exports.ts";
import { functionUrlEntry, uploadsEntry } from "./router-entry.ts";

/** The files of the app that a function is made of. */
export const sourcesOf = ({ routes, job }: FunctionPlan): readonly string[] =>
  job ? [job.file] : routes.flatMap(({ file, middleware }) => [file, ...middleware]);

/** A job's own timeout is how long it may block others. */
export function devSettings(app: Pick<App, "routes">, plan: FunctionPlan): FunctionSettings {
  const settings = functionSettings(app, plan);
  return plan.job ? { ...settings, timeout: plan.job.timeout } : settings;
}

/** Throws UserError, as `scanRoutes` and `scanJobs`. */
export async function scanPlan(root: string, target: Target, { routes, job }: FunctionPlan): Promise<Scan> {
  if (job) await scanJobs(root, target, [job]);
  return scanRoutes(root, target, routes);
}

/** The text of a function's entry. @param light whether the web classes are Portico's own; Lambda only */
export function devEntry(
  { app, target }: { readonly app: App; readonly target: Target },
  { job, uploads }: FunctionPlan,
  routes: readonly ScannedRoute[],
  light: boolean,
): string {
  const databases = databaseUrls(app.databases);
  if (job) return devJobEntry(target, job, envNames(app), databases);
  if (uploads) return uploadsEntry(target, envNames(app));
  // In development the gateway serves the current static files.
  const isUrl = target === "lambda" && app.lambda.front === "function-url";
  const web = light ? "light" : "platform";
  const served = databases ? routes.map((route) => ({ ...route, databases })) : routes;
  return isUrl ? functionUrlEntry(served, web) : functionEntry(target, served, web, envNames(app));
}

/** The likely entry of the first build; undefined where a file cannot be read, which the scan reports. */
export function guessEntry(
  options: { readonly app: App; readonly target: Target },
  plan: FunctionPlan,
): string | undefined {
  const { app, target } = options;
  const guessed: ScannedRoute[] = [];
  for (const route of plan.routes) {
    const text = textOf(join(app.root, route.file));
    if (text === undefined) return undefined;
    guessed.push({ ...route, methods: guessMethods(text) });
  }
  return devEntry(options, plan, guessed, target === "lambda" && wantsLightClasses(app));
}

/** Undefined for a file that cannot be read. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
