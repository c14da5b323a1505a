/** The generated entries: routes and their methods in, the few lines that bind them to the runtime out. */
import { expandRoutes } from "../model/precedence.ts";
import { regexpSource } from "../model/pattern.ts";
import type { Methods, Route, Segment } from "../model/route.ts";
import type { Target } from "../model/target.ts";

/** A route whose methods are known. */
export interface ScannedRoute extends Route {
  readonly methods: Methods;
}

/** A self-contained function for one target: what its environment calls. */
export function functionEntry(target: Target, routes: readonly ScannedRoute[]): string {
  const { imports, value } = adapters[target];
  const [only] = routes;
  const { lines, app } = routes.length === 1 && only ? singleApp(only) : routerApp(routes);
  return module([...imports, ...routes.flatMap(importLines), ...lines, value(app)]);
}

/** The folders that are the assets' alone, as a router's first entries. */
const folderEntries = (folders: readonly string[]): readonly string[] =>
  folders.map((folder) => `[${folderLiteral(folder)}, () => nobody]`);

/**
 * The one function behind a function URL: every route, and the static files beside it.
 * @param folders that are the assets' alone; undefined where there are no static files, or something else serves them
 */
export function urlEntry(routes: readonly ScannedRoute[], folders?: readonly string[]): string {
  const { lines, table } = routerTable(routes);
  const router = `createRouter([${[...folderEntries(folders ?? []), ...table].join(", ")}]`;
  return module([
    `import { createStreamHandler } from "portico/runtime/stream-handler";`,
    `import { openFunctionUrl } from "portico/runtime/function-url";`,
    ...(folders ? [`import { lambdaApp } from "portico/runtime/assets-lambda";`] : []),
    ...routes.flatMap(importLines),
    ...lines,
    `export const handler = createStreamHandler(${folders ? `lambdaApp(import.meta.url, (nobody) => ${router}, nobody))` : `${router})`}, openFunctionUrl);`,
  ]);
}

/** The same entry on the light web classes, which have to be there before anything else runs. */
export const withLight = (entry: string): string => `import "portico:light";\n${entry}`;

/** Lines as a module; several routes import the same of the runtime. */
const module = (lines: readonly string[]): string => [...new Set(lines), ""].join("\n");

const adapters: Readonly<Record<Target, { readonly imports: readonly string[]; value(app: string): string }>> = {
  lambda: {
    // Not portico/lambda: a deploy puts functions behind an HTTP API, and other fronts would only take bytes.
    imports: [`import { createHandler } from "portico/runtime/lambda-handler";`, `import { openHttpApi } from "portico/runtime/http-api";`],
    value: (app) => `export const handler = createHandler(${app}, openHttpApi);`,
  },
  workers: { imports: [`import { toWorkers } from "portico/workers";`], value: (app) => `export default toWorkers(${app});` },
  node: { imports: [], value: (app) => `export default ${app};` },
};

/** A module that a router imports lazily; its default export is the route's function. */
export const routeEntry = (route: ScannedRoute): string => module([...importLines(route, 0), `export default ${functionText(route, 0)};`]);

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
      const load = `() => import("portico:function/${route.id}").then(it)`;
      return `[${literal(segments)}, ${target === "node" ? `once(${load})` : load}]`;
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
  ];
  if (target === "node") return module([...lines, once, `export default ${router};`]);
  return module([
    `import { toWorkers } from "portico/workers";`,
    ...lines,
    `export default toWorkers(${router}, ${JSON.stringify(names)});`,
  ]);
}

/**
 * Asking for a module that is there already costs Node several microseconds; a failed import is tried again. On Workers a promise
 * belongs to the request that made it, so there it is asked for each time.
 */
const once = `const once = (load) => { let route; return () => route ?? load().then((loaded) => (route = loaded)); };`;

/** Lambda's function for `$default`: the static files beside it, and the 404. */
export const assetsEntry = module([
  ...adapters.lambda.imports,
  `import { lambdaAssets } from "portico/runtime/assets-lambda";`,
  adapters.lambda.value("lambdaAssets(import.meta.url)"),
]);

/** An app as an expression, and the lines that it needs before it. */
interface AppText {
  readonly lines: readonly string[];
  readonly app: string;
}

function singleApp(route: ScannedRoute): AppText {
  const decode = route.segments.some(({ kind }) => kind !== "static");
  return {
    lines: [
      `import { serveRoute } from "portico/runtime/function";`,
      ...(decode ? [`import { decodeParams } from "portico/runtime/path";`] : []),
    ],
    app: `serveRoute(${literal(route.segments)}, ${functionText(route, 0)}, ${decode ? "decodeParams" : "() => ({})"})`,
  };
}

function routerApp(routes: readonly ScannedRoute[]): AppText {
  const { lines, table } = routerTable(routes);
  return { lines, app: `createRouter([${table.join(", ")}])` };
}

/** A router's entries for routes that are in the same bundle, in the order of precedence. */
function routerTable(routes: readonly ScannedRoute[]): { readonly lines: readonly string[]; readonly table: readonly string[] } {
  return {
    lines: [
      `import { createRouter } from "portico/runtime/router";`,
      ...routes.map((route, index) => `const function${index} = ${functionText(route, index)};`),
    ],
    table: expandRoutes(routes).map(({ segments, route }) => `[${literal(segments)}, () => function${routes.indexOf(route)}]`),
  };
}

/** Imports of a route's exports and middleware, numbered so that routes of one group do not collide. */
function importLines({ file, methods, middleware }: ScannedRoute, index: number): readonly string[] {
  const binder = methods === "fetch" ? "byApp" : "byMethod";
  const exported = methods === "fetch" ? `default as app${index}` : methods.map((method) => `${method} as ${method}${index}`).join(", ");
  return [
    `import { createFunction } from "portico/runtime/function";`,
    `import { ${binder} } from "portico/runtime/function";`,
    ...(middleware.length ? [`import { withMiddleware } from "portico/runtime/middleware";`] : []),
    ...middleware.map((path, at) => `import middleware${index}_${at} from ${JSON.stringify(`./${path}`)};`),
    `import { ${exported} } from ${JSON.stringify(`./${file}`)};`,
  ];
}

function functionText({ methods, middleware }: ScannedRoute, index: number): string {
  const handler = methods === "fetch" ? `byApp(app${index})` : byMethodText(methods, index);
  const wrapped = middleware.length
    ? `withMiddleware(${[handler, ...middleware.map((_, at) => `middleware${index}_${at}`)].join(", ")})`
    : handler;
  return `createFunction(${wrapped})`;
}

/** HEAD follows GET unless it is exported; what OPTIONS and 405 say is known here (RFC 9110 section 10.2.1). */
function byMethodText(methods: readonly string[], index: number): string {
  const followsGet = methods.includes("GET") && !methods.includes("HEAD");
  const handlers = methods.map((method) => `${method}: ${method}${index}`);
  if (followsGet) handlers.push(`HEAD: GET${index}`);
  const own = methods.filter((method) => method !== "OPTIONS");
  const allow = [...own.flatMap((method) => (method === "GET" && followsGet ? ["GET", "HEAD"] : [method])), "OPTIONS"].join(", ");
  return `byMethod({ __proto__: null, ${handlers.join(", ")} }, ${JSON.stringify(allow)})`;
}

/** What `isInFolder` says, as a pattern. */
const folderLiteral = (folder: string): string => `/${new RegExp(`^${folder.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}/[^/]`).source}/`;

/** `source` escapes what a literal needs escaped. */
const literal = (segments: readonly Segment[]): string => `/${new RegExp(regexpSource(segments)).source}/`;
