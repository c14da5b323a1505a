/** Which routes share a function: an app's routes in, its functions out. */
import { createHash } from "node:crypto";
import { type App, defaultSettings, type FunctionSettings } from "../model/app.ts";
import type { Route } from "../model/route.ts";
import type { Target } from "../model/target.ts";

/** A function before it is built. */
export interface FunctionPlan<R extends Route = Route> {
  readonly id: string;
  /** At least one, in the order given. */
  readonly routes: readonly R[];
}

/** The id of the function that serves a route. Groups are Lambda's: elsewhere all routes are released as one anyway, one module each. */
export function functionId(group: App["group"], target: Target, route: Route): string {
  if (group === "route" || target !== "lambda") return route.id;
  return group === "app" ? "app" : folderId(route.file);
}

/** The functions of an app, in the order of their first routes. */
export function groupRoutes<R extends Route>(group: App["group"], target: Target, routes: readonly R[]): readonly FunctionPlan<R>[] {
  const groups = Map.groupBy(routes, (route) => functionId(group, target, route));
  return [...groups].map(([id, members]) => ({ id, routes: members }));
}

/** From the folder directly below functions/; files there without a folder are the group "root". */
function folderId(file: string): string {
  const [, folder = "", ...rest] = file.split("/");
  if (rest.length === 0) return "root";
  const slug = folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  const plain = slug === folder && slug.length <= 40 && slug !== "assets" && slug !== "root";
  return plain ? slug : `${slug.slice(0, 33)}-${createHash("sha256").update(folder).digest("hex").slice(0, 6)}`.replace(/^-/, "f-");
}

/** The settings of a function; of several routes' the largest. */
export function functionSettings(app: Pick<App, "routes">, { routes }: FunctionPlan): FunctionSettings {
  // An app of static files alone is one function, too, where a function URL leads to it.
  const all = routes.length ? routes.map(({ pattern }) => routeSettings(app, pattern)) : [routeSettings(app, "/*")];
  return { memory: Math.max(...all.map(({ memory }) => memory)), timeout: Math.max(...all.map(({ timeout }) => timeout)) };
}

/** The last pattern that matches wins, per key. */
function routeSettings(app: Pick<App, "routes">, path: string): FunctionSettings {
  const matching = app.routes.filter(({ pattern }) => matches(pattern, path));
  return Object.assign({}, defaultSettings, ...matching.map(({ settings }) => settings)) as FunctionSettings;
}

/** `/reports/*` matches every route below it; anything else is a route's pattern as `portico routes` prints it. */
const matches = (pattern: string, path: string): boolean =>
  pattern === path || (pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1)));
