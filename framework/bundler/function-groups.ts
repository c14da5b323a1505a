/** Grouping of routes into functions by hosting.json's `group`, and each function's settings. */
import { createHash } from "node:crypto";
import { type App, defaultSettings, type FunctionSettings, type IamStatement } from "../model/app.ts";
import { type Job, jobsFunctionId } from "../model/job.ts";
import type { Route } from "../model/route.ts";
import type { Target } from "../model/target.ts";

/** A function before it is built. */
export interface FunctionPlan<R extends Route = Route> {
  readonly id: string;
  /** At least one, in order of precedence; none for a job and for upload forms. */
  readonly routes: readonly R[];
  /** In development a job is a function of its own. */
  readonly job?: Job;
  /** In development, what receives upload forms is a function of its own. */
  readonly uploads?: true;
}

/**
 * The id of the function that serves a route. Only Lambda groups routes: on other targets each route is a module of one
 * release.
 */
export function functionId(group: App["group"], target: Target, route: Route): string {
  if (group === "route" || target !== "lambda") return route.id;
  return group === "app" ? "app" : folderId(route.file);
}

/** The name of the generated `portico/jobs`, among the generated modules of a build. */
export const jobsClientName = "jobs";

/** The id of a job's function in development. */
export const jobFunctionId = (name: string): string => `${jobsFunctionId}-${name}`;

/** Seconds that it has beyond its jobs' timeouts, for what becomes of a message; the most that Lambda gives. */
const [jobMargin, longestFunction] = [10, 900];

/** Seconds of one run on Lambda: the function that runs it must not end before. */
export const lambdaJobTimeout = ({ timeout }: Pick<Job, "timeout">): number =>
  Math.min(timeout, longestFunction - jobMargin);

/** The settings of the function of all jobs: those of the whole app, and the longest timeout of a job. */
export function jobsFunctionSettings(app: Pick<App, "routes">, jobs: readonly Job[]): FunctionSettings {
  const settings = functionSettings(app, { id: jobsFunctionId, routes: [] });
  return { ...settings, timeout: Math.max(...jobs.map(lambdaJobTimeout)) + jobMargin };
}

/** The id of the function that receives upload forms in development. */
export const uploadsFunctionId = "_uploads";

/** The functions of an app, in the order of their first routes. */
export function groupRoutes<R extends Route>(
  group: App["group"],
  target: Target,
  routes: readonly R[],
): readonly FunctionPlan<R>[] {
  const groups = Map.groupBy(routes, (route) => functionId(group, target, route));
  return [...groups].map(([id, members]) => ({ id, routes: members }));
}

/** The id of the folder directly below functions/; files directly in functions/ are the group "root". */
function folderId(file: string): string {
  const [, folder = "", ...rest] = file.split("/");
  if (rest.length === 0) return "root";
  const slug = folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  const plain = slug === folder && slug.length <= 40 && slug !== "assets" && slug !== "root";
  return plain
    ? slug
    : `${slug.slice(0, 33)}-${createHash("sha256").update(folder).digest("hex").slice(0, 6)}`.replace(/^-/, "f-");
}

/** The settings of a function: the largest among its routes, and the policies of all of them. */
export function functionSettings(app: Pick<App, "routes">, { routes }: FunctionPlan): FunctionSettings {
  // Behind a function URL, an app without routes is a function too: it serves the static files.
  const all = routes.length ? routes.map(({ pattern }) => routeSettings(app, pattern)) : [routeSettings(app, "/*")];
  const policies = distinct(all.flatMap((one) => one.policies ?? []));
  return {
    memory: Math.max(...all.map(({ memory }) => memory)),
    timeout: Math.max(...all.map(({ timeout }) => timeout)),
    ...(policies.length > 0 && { policies }),
  };
}

const distinct = (statements: readonly IamStatement[]): readonly IamStatement[] => [
  ...new Map(statements.map((statement) => [JSON.stringify(statement), statement])).values(),
];

/** The last pattern that matches wins, per key. */
function routeSettings(app: Pick<App, "routes">, path: string): FunctionSettings {
  const matching = app.routes.filter(({ pattern }) => matches(pattern, path));
  return Object.assign({}, defaultSettings, ...matching.map(({ settings }) => settings)) as FunctionSettings;
}

/** Warns about patterns under "routes" in hosting.json that match no route, such as mistyped ones. */
export function warnOfUnmatchedRules(
  app: Pick<App, "routes">,
  routes: readonly Route[],
  warn: (text: string) => void,
): void {
  for (const { pattern } of app.routes) {
    if (pattern === "/*" || routes.some((route) => matches(pattern, route.pattern))) continue;
    warn(`"routes": "${pattern}" in hosting.json matches no route; portico routes prints their patterns`);
  }
}

/** `/reports/*` matches every route below it; anything else is a route's pattern as `portico routes` prints it. */
const matches = (pattern: string, path: string): boolean =>
  pattern === path || (pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1)));
