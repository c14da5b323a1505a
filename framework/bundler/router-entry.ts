/** Generated entry modules of whole apps: a router over all routes and the static files. */
import { expandRoutes } from "../model/precedence.ts";
import type { Route } from "../model/route.ts";
import type { Target } from "../model/target.ts";
import { uploadsPath } from "../runtime/path.ts";
import { importLines, moduleText, routerTable, type ScannedRoute, webClassImports } from "./function-entry.ts";
import { patternLiteral, withSlashRedirects } from "./slash-redirects.ts";
import type { WebClasses } from "./lambda/web-classes.ts";

/**
 * The entry of the single function behind a function URL, with every route and the static files.
 * @param folders that contain only static files; undefined where something else serves the static files
 * @param slashes as for `assetsEntry`
 */
export function functionUrlEntry(
  routes: readonly ScannedRoute[],
  web: WebClasses,
  folders?: readonly string[],
  slashes: readonly Route[] = [],
): string {
  const { lines, table } = routerTable(routes);
  const fallback = withSlashRedirects(slashes, "notFound");
  const router = `createRouter([${[...folderEntries(folders ?? []), ...table].join(", ")}]`;
  const app = folders ? `lambdaApp(import.meta.url, (notFound) => ${router}, ${fallback.notFound}))` : `${router})`;
  const light = web !== "platform";
  const adapters = light ? "openLightFunctionUrl, writeLightResponse" : "openFunctionUrl";
  return moduleText([
    ...webClassImports(web),
    `import { createStreamHandler } from "portico/runtime/lambda-stream";`,
    `import { ${adapters} } from "portico/runtime/${light ? "light-web-classes" : "http-api"}";`,
    ...(folders ? [`import { lambdaApp } from "portico/runtime/assets-lambda";`] : []),
    ...fallback.lines,
    ...routes.flatMap(importLines),
    ...lines,
    `export const handler = createStreamHandler(${app}, ${adapters});`,
  ]);
}

/** The facts about static files that a router depends on. */
export interface RouterAssets {
  /** Folders that contain only static files: a path in them that the front did not find gets a 404. */
  readonly folders: readonly string[];
  /**
   * Workers only: paths of files named index.html, which Cloudflare's asset server does not serve at their folders.
   */
  readonly indexes: readonly string[];
  /** Workers only: whether there is a /404.html. */
  readonly page: boolean;
  /** As for `assetsEntry`. */
  readonly slashes: readonly Route[];
}

/** The jobs that a Worker runs beside its routes. */
export interface RouterJobs {
  /** The module of all jobs, among the generated modules. */
  readonly table: string;
  /** Whether schedules run. */
  readonly clock: boolean;
}

/** A Worker's jobs, and whether upload forms are received. */
export interface RouterParts {
  readonly jobs?: RouterJobs | undefined;
  readonly uploads?: boolean;
}

/**
 * The main module of a build with code splitting.
 * @param names of the env, secrets and bindings that functions may read; Workers only
 * @param jobs Workers only
 * @param uploads whether a function imports `portico/files`, and so may have forms
 */
export function routerEntry(
  target: "workers" | "node",
  routes: readonly Route[],
  names: readonly string[],
  { folders, indexes, page, slashes }: RouterAssets,
  { jobs, uploads = false }: RouterParts = {},
): string {
  const served = target === "workers" && (indexes.length > 0 || page);
  const table = [
    ...(uploads ? [uploadsRoute(target)] : []),
    ...folderEntries(folders),
    ...expandRoutes(routes).map(({ segments, route }) => {
      return `[${patternLiteral(segments)}, once(() => import("portico:function/${route.id}").then(defaultOf))]`;
    }),
  ];
  const fallback = withSlashRedirects(slashes, "notFound");
  const router = `createRouter([${table.join(", ")}]${served || slashes.length ? `, ${fallback.notFound}` : ""})`;
  const notFound = served
    ? [
        `import { workersAssets } from "portico/runtime/assets-workers";`,
        `const notFound = workersAssets(${JSON.stringify(indexes)}, ${page});`,
      ]
    : [
        `import { jsonError } from "portico/runtime/error-response";`,
        `const notFound = () => jsonError(404, "Not Found");`,
      ];
  const lines = [
    `import { createRouter } from "portico/runtime/router";`,
    ...fallback.lines,
    ...(folders.length || served || slashes.length ? notFound : []),
    "const defaultOf = (module) => module.default;",
    once,
  ];
  if (target === "node") return moduleText([...lines, `export default ${router};`]);
  const worker = `toWorkers(${router}, ${JSON.stringify(names)}, (name) => import(name))`;
  return moduleText([
    `import { toWorkers } from "portico/workers";`,
    ...lines,
    ...(jobs ? [`import { jobHandlers } from "portico/features/jobs/workers-handlers";`] : []),
    // A variable, since esbuild would bundle files that match a template string.
    `export default ${jobs ? withJobs(worker, jobs, names) : worker};`,
  ]);
}

/**
 * Caches a route's function, since importing a loaded module takes several microseconds; a failed import is retried.
 * The promise is not cached: on Workers it belongs to the request that created it.
 */
const once = `const once = (load) => { let route; return () => route ?? load().then((loaded) => (route = loaded)); };`;

/** A Worker with the handlers of its jobs, whose module is imported when it is first needed. */
const withJobs = (worker: string, { table, clock }: RouterJobs, names: readonly string[]): string =>
  `{ ...${worker}, ...jobHandlers(() => import("portico:${table}"), ${JSON.stringify(names)}, ${clock}) }`;

/** Before all others, of which one may match every path. */
const uploadsRoute = (target: Target): string =>
  `[/^${uploadsPath.replaceAll(/[/.]/g, "\\$&")}[^/]+$/, ` +
  `once(() => import("portico/features/files/${target}-uploads").then(({ uploads }) => uploads))]`;

/** The entry of what receives upload forms in development. @param names of its env, Workers only */
export const uploadsEntry = (target: Target, names: readonly string[]): string =>
  moduleText([
    `import { uploads } from "portico/features/files/${target}-uploads";`,
    ...(target === "workers"
      ? [`import { toWorkers } from "portico/workers";`, `export default toWorkers(uploads, ${JSON.stringify(names)});`]
      : ["export default uploads;"]),
  ]);

/** A router's first entries: the folders that contain only static files. */
const folderEntries = (folders: readonly string[]): readonly string[] =>
  folders.map((folder) => `[${folderLiteral(folder)}, () => notFound]`);

/** `isInFolder` as a regular expression literal. */
const folderLiteral = (folder: string): string =>
  `/${new RegExp(`^${folder.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}/[^/]`).source}/`;
