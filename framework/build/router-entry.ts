/** The generated entries of whole apps: routes and static files in, the router that binds them to the runtime out. */
import { expandRoutes } from "../model/precedence.ts";
import type { Route } from "../model/route.ts";
import { importLines, literal, module, routerTable, type ScannedRoute, webImports } from "./entry.ts";
import type { WebClasses } from "./web-classes.ts";

/**
 * The one function behind a function URL: every route, and the static files beside it.
 * @param folders that are the assets' alone; undefined where something else serves the static files
 */
export function urlEntry(routes: readonly ScannedRoute[], web: WebClasses, folders?: readonly string[]): string {
  const { lines, table } = routerTable(routes);
  const router = `createRouter([${[...folderEntries(folders ?? []), ...table].join(", ")}]`;
  const app = folders ? `lambdaApp(import.meta.url, (nobody) => ${router}, nobody))` : `${router})`;
  const light = web !== "platform";
  const given = light ? "openLightFunctionUrl, writeLightResponse" : "openFunctionUrl";
  return module([
    ...webImports(web),
    `import { createStreamHandler } from "portico/runtime/stream-handler";`,
    `import { ${given} } from "portico/runtime/function-url${light ? "-light" : ""}";`,
    ...(folders ? [`import { lambdaApp } from "portico/runtime/assets-lambda";`] : []),
    ...routes.flatMap(importLines),
    ...lines,
    `export const handler = createStreamHandler(${app}, ${given});`,
  ]);
}

/** What a router must know of the static files. */
export interface RouterAssets {
  /** Folders that are the assets' alone: what the front did not find there is nobody's. */
  readonly folders: readonly string[];
  /** Workers only: paths of the files named index.html, which Cloudflare's asset server does not serve at their folders. */
  readonly indexes: readonly string[];
  /** Workers only: there is a /404.html. */
  readonly page: boolean;
}

/**
 * The main module of a split build.
 * @param names of the env, secrets and bindings that functions may see; Workers only
 */
export function routerEntry(
  target: "workers" | "node",
  routes: readonly Route[],
  names: readonly string[],
  { folders, indexes, page }: RouterAssets,
): string {
  const served = target === "workers" && (indexes.length > 0 || page);
  const table = [
    ...folderEntries(folders),
    ...expandRoutes(routes).map(({ segments, route }) => {
      return `[${literal(segments)}, once(() => import("portico:function/${route.id}").then(it))]`;
    }),
  ];
  const router = `createRouter([${table.join(", ")}]${served ? ", nobody" : ""})`;
  const nobody = served
    ? [
        `import { workersAssets } from "portico/runtime/assets-workers";`,
        `const nobody = workersAssets(${JSON.stringify(indexes)}, ${page});`,
      ]
    : [`import { problem } from "portico/runtime/problem";`, `const nobody = () => problem(404, "Not Found");`];
  const lines = [
    `import { createRouter } from "portico/runtime/router";`,
    ...(folders.length || served ? nobody : []),
    "const it = (module) => module.default;",
    once,
  ];
  if (target === "node") return module([...lines, `export default ${router};`]);
  return module([
    `import { toWorkers } from "portico/workers";`,
    ...lines,
    // Not a text to esbuild, which would take it for a pattern over files.
    `export default toWorkers(${router}, ${JSON.stringify(names)}, (name) => import(name));`,
  ]);
}

/**
 * Asking for a module that is there already costs several microseconds; a failed import is tried again. The function is kept, never its
 * promise: on Workers that belongs to the request that made it.
 */
const once = `const once = (load) => { let route; return () => route ?? load().then((loaded) => (route = loaded)); };`;

/** The folders that are the assets' alone, as a router's first entries. */
const folderEntries = (folders: readonly string[]): readonly string[] =>
  folders.map((folder) => `[${folderLiteral(folder)}, () => nobody]`);

/** What `isInFolder` says, as a pattern. */
const folderLiteral = (folder: string): string => `/${new RegExp(`^${folder.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}/[^/]`).source}/`;
