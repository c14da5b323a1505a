/** The generated entries: routes and their methods in, the few lines that bind them to the runtime out. */
import { expandRoutes } from "../model/precedence.ts";
import { regexpSource, urlRegexpSource } from "../model/pattern.ts";
import type { Methods, Route, Segment } from "../model/route.ts";
import type { Target } from "../model/target.ts";
import type { WebClasses } from "./web-classes.ts";

/** A route whose methods are known. */
export interface ScannedRoute extends Route {
  readonly methods: Methods;
}

/** A self-contained function for one target: what its environment calls. @param web Lambda's alone */
export function functionEntry(target: Target, routes: readonly ScannedRoute[], web: WebClasses = "platform"): string {
  const { imports, value } = web === "platform" ? adapters[target] : lightLambda(web);
  const [only] = routes;
  const { lines, app } = routes.length === 1 && only ? singleApp(only, web !== "platform") : routerApp(routes);
  return module([...imports, ...routes.flatMap(importLines), ...lines, value(app)]);
}

/** The light web classes have to be there before anything else runs. */
export const webImports = (web: WebClasses): readonly string[] => (web === "platform" ? [] : [`import "portico:${web}";`]);

/** Lines as a module; several routes import the same of the runtime. */
export const module = (lines: readonly string[]): string => [...new Set(lines), ""].join("\n");

/** What binds an app to its environment. */
interface Adapter {
  readonly imports: readonly string[];
  value(app: string): string;
}

const createHandler = `import { createHandler } from "portico/runtime/lambda-handler";`;

const adapters: Readonly<Record<Target, Adapter>> = {
  lambda: {
    // Not portico/lambda: a deploy puts functions behind an HTTP API, and other fronts would only take bytes.
    imports: [createHandler, `import { openHttpApi } from "portico/runtime/http-api";`],
    value: (app) => `export const handler = createHandler(${app}, openHttpApi);`,
  },
  workers: { imports: [`import { toWorkers } from "portico/workers";`], value: (app) => `export default toWorkers(${app});` },
  node: { imports: [], value: (app) => `export default ${app};` },
};

/** Lambda's, where a request is opened and an answer is taken without what only the platform's classes need. */
const lightLambda = (web: WebClasses): Adapter => ({
  imports: [...webImports(web), createHandler, `import { openLightHttpApi } from "portico/runtime/http-api-light";`],
  value: (app) => `export const handler = createHandler(${app}, openLightHttpApi);`,
});

/** A module that a router imports lazily; its default export is the route's function. */
export const routeEntry = (route: ScannedRoute): string => module([...importLines(route, 0), `export default ${functionText(route, 0)};`]);

/** Lambda's function for `$default`: the static files beside it, and the 404. */
export const assetsEntry = (web: WebClasses): string => {
  const { imports, value } = web === "platform" ? adapters.lambda : lightLambda(web);
  return module([...imports, `import { lambdaAssets } from "portico/runtime/assets-lambda";`, value("lambdaAssets(import.meta.url)")]);
};

/** An app as an expression, and the lines that it needs before it. */
interface AppText {
  readonly lines: readonly string[];
  readonly app: string;
}

function singleApp(route: ScannedRoute, light: boolean): AppText {
  const names = route.segments.flatMap((segment) => (segment.kind === "static" ? [] : [JSON.stringify(segment.name)]));
  const mayLack = route.segments.some(({ kind }) => kind === "optional-rest");
  // Where each name is known to be there, reading them by name is ten times as fast as a loop; on light classes a few bytes more are, too.
  const decode = light ? "decodeParam" : "decodeURIComponent";
  const byName = `(found) => ({ ${names.map((name) => `[${name}]: ${decode}(found[${name}])`).join(", ")} })`;
  const needed = mayLack ? "decodeParams" : light && names.length > 0 ? decode : undefined;
  return {
    lines: [
      `import { serveRoute } from "portico/runtime/function";`,
      ...(needed ? [`import { ${needed} } from "portico/runtime/path";`] : []),
    ],
    app: `serveRoute(${regexpLiteral(urlRegexpSource(route.segments))}, ${functionText(route, 0)}, ${mayLack ? needed : byName})`,
  };
}

function routerApp(routes: readonly ScannedRoute[]): AppText {
  const { lines, table } = routerTable(routes);
  return { lines, app: `createRouter([${table.join(", ")}])` };
}

/** A router's entries for routes that are in the same bundle, in the order of precedence. */
export function routerTable(routes: readonly ScannedRoute[]): { readonly lines: readonly string[]; readonly table: readonly string[] } {
  return {
    lines: [
      `import { createRouter } from "portico/runtime/router";`,
      ...routes.map((route, index) => `const function${index} = ${functionText(route, index)};`),
    ],
    table: expandRoutes(routes).map(({ segments, route }) => `[${literal(segments)}, () => function${routes.indexOf(route)}]`),
  };
}

/** Imports of a route's exports and middleware, numbered so that routes of one group do not collide. */
export function importLines({ file, methods, middleware }: ScannedRoute, index: number): readonly string[] {
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

/** A pattern over paths; `source` escapes what a literal needs escaped. */
export const literal = (segments: readonly Segment[]): string => regexpLiteral(regexpSource(segments));

const regexpLiteral = (source: string): string => `/${new RegExp(source).source}/`;
