/** Generated entry modules of single functions: the lines that connect route files to the runtime. */
import { expandRoutes } from "../model/precedence.ts";
import { displayPattern, urlRegexpSource } from "../model/pattern.ts";
import type { Methods, Route } from "../model/route.ts";
import type { Target } from "../model/target.ts";
import { type DatabaseUrls, databaseImports, withDatabaseErrors, withDatabases } from "./database-lines.ts";
import { patternLiteral, regexpLiteral, withSlashRedirects } from "./slash-redirects.ts";
import type { WebClasses } from "./lambda/web-classes.ts";

/** A route whose methods are known. */
export interface ScannedRoute extends Route {
  readonly methods: Methods;
  /** Whether it imports `portico/log`: then its context has the route and the request's headers. */
  readonly logs?: boolean;
  readonly databases?: DatabaseUrls;
}

/** The entry of a self-contained function. @param web Lambda only @param names of its env, Workers only; all without */
export function functionEntry(
  target: Target,
  routes: readonly ScannedRoute[],
  web: WebClasses = "platform",
  names?: readonly string[],
): string {
  const { imports, value } = web === "platform" ? adapters[target] : lightLambda(web);
  const [only] = routes;
  const { lines, app } = routes.length === 1 && only ? singleApp(only, web !== "platform") : routerApp(routes);
  return moduleText([...imports, ...routes.flatMap(importLines), ...lines, value(app, names)]);
}

/** The light web classes have to be defined before anything else runs. */
export const webClassImports = (web: WebClasses): readonly string[] =>
  web === "platform" ? [] : [`import "portico:${web}";`];

/** A module of these lines, without the duplicate imports of several routes. */
export const moduleText = (lines: readonly string[]): string => [...new Set(lines), ""].join("\n");

/** The code that connects an app to its environment. */
interface Adapter {
  readonly imports: readonly string[];
  value(app: string, names?: readonly string[]): string;
}

const createHandler = `import { createHandler } from "portico/runtime/lambda-handler";`;

const adapters: Readonly<Record<Target, Adapter>> = {
  lambda: {
    // Not portico/lambda, which also handles function URLs: a deploy puts these functions behind an HTTP API.
    imports: [createHandler, `import { openHttpApi } from "portico/runtime/http-api";`],
    value: (app) => `export const handler = createHandler(${app}, openHttpApi);`,
  },
  workers: {
    imports: [`import { toWorkers } from "portico/workers";`],
    value: (app, names) => `export default toWorkers(${app}${names ? `, ${JSON.stringify(names)}` : ""});`,
  },
  node: { imports: [], value: (app) => `export default ${app};` },
};

/** Lambda's adapter for the light web classes. */
const lightLambda = (web: WebClasses): Adapter => ({
  imports: [
    ...webClassImports(web),
    createHandler,
    `import { openLightHttpApi } from "portico/runtime/light-web-classes";`,
  ],
  value: (app) => `export const handler = createHandler(${app}, openLightHttpApi);`,
});

/** The module of one route, which a router imports lazily; its default export is the route's function. */
export const routeEntry = (route: ScannedRoute): string =>
  moduleText([...importLines(route, 0), `export default ${functionText(route, 0)};`]);

/**
 * The entry of Lambda's `$default` function, which serves the static files and the 404 response.
 * @param slashes routes for redirects of the `trailingSlash` setting; none without it
 */
export const assetsEntry = (web: WebClasses, slashes: readonly Route[] = []): string => {
  const { imports, value } = web === "platform" ? adapters.lambda : lightLambda(web);
  const { lines, notFound } = withSlashRedirects(slashes, "lambdaAssets(import.meta.url)");
  const importAssets = `import { lambdaAssets } from "portico/runtime/assets-lambda";`;
  return moduleText([...imports, importAssets, ...lines, value(notFound)]);
};

/** An app as an expression, and the declarations that it needs. */
interface AppText {
  readonly lines: readonly string[];
  readonly app: string;
}

function singleApp(route: ScannedRoute, light: boolean): AppText {
  const names = route.segments.flatMap((segment) => (segment.kind === "static" ? [] : [JSON.stringify(segment.name)]));
  const hasOptional = route.segments.some(({ kind }) => kind === "optional-rest");
  // Reading params by name is ten times as fast as a loop, where every name is always present.
  const decode = light ? "decodeParam" : "decodeURIComponent";
  const byName = `(found) => ({ ${names.map((name) => `[${name}]: ${decode}(found[${name}])`).join(", ")} })`;
  const decoder = hasOptional ? "decodeParams" : light && names.length > 0 ? decode : undefined;
  const pattern = regexpLiteral(urlRegexpSource(route.segments));
  return {
    lines: [
      `import { serveRoute } from "portico/runtime/route-function";`,
      ...(decoder ? [`import { ${decoder} } from "portico/runtime/path";`] : []),
    ],
    app: `serveRoute(${[pattern, functionText(route, 0), hasOptional ? decoder : byName].join(", ")})`,
  };
}

function routerApp(routes: readonly ScannedRoute[]): AppText {
  const { lines, table } = routerTable(routes);
  return { lines, app: `createRouter([${table.join(", ")}])` };
}

/** A router's entries for routes in the same bundle, in order of precedence. */
export function routerTable(routes: readonly ScannedRoute[]): Readonly<Record<"lines" | "table", readonly string[]>> {
  return {
    lines: [
      `import { createRouter } from "portico/runtime/router";`,
      ...routes.map((route, index) => `const function${index} = ${functionText(route, index)};`),
    ],
    table: expandRoutes(routes).map(
      ({ segments, route }) => `[${patternLiteral(segments)}, () => function${routes.indexOf(route)}]`,
    ),
  };
}

/** Imports of a route's exports and middleware, numbered so that routes of one group do not collide. */
export function importLines(
  { file, methods, middleware, logs, databases }: ScannedRoute,
  index: number,
): readonly string[] {
  const binder = methods === "fetch" ? "byApp" : "byMethod";
  const exported =
    methods === "fetch" ? `default as app${index}` : methods.map((one) => `${one} as ${one}${index}`).join(", ");
  return [
    // Two lines: a function of many routes keeps each once.
    `import { createFunction } from "portico/runtime/route-function";`,
    `import { ${binder} } from "portico/runtime/route-function";`,
    ...(middleware.length ? [`import { withMiddleware } from "portico/runtime/middleware";`] : []),
    ...(logs ? [`import { withRoute } from "portico/features/log/with-route";`] : []),
    ...databaseImports(databases, methods === "fetch"),
    ...middleware.map((path, position) => `import middleware${index}_${position} from ${JSON.stringify(`./${path}`)};`),
    `import { ${exported} } from ${JSON.stringify(`./${file}`)};`,
  ];
}

function functionText({ methods, middleware, segments, logs, databases }: ScannedRoute, index: number): string {
  const app = withDatabaseErrors(databases, `app${index}`);
  const handler = methods === "fetch" ? `byApp(${app})` : byMethodText(methods, index);
  const wrapped = middleware.length
    ? `withMiddleware(${[handler, ...middleware.map((_, position) => `middleware${index}_${position}`)].join(", ")})`
    : handler;
  const logging = logs ? `withRoute(${JSON.stringify(displayPattern(segments))}, ${wrapped})` : wrapped;
  return `createFunction(${withDatabases(databases, logging)})`;
}

/** HEAD uses GET unless it is exported. The Allow header is that of OPTIONS and 405 (RFC 9110 section 10.2.1). */
function byMethodText(methods: readonly string[], index: number): string {
  const followsGet = methods.includes("GET") && !methods.includes("HEAD");
  const handlers = methods.map((method) => `${method}: ${method}${index}`);
  if (followsGet) handlers.push(`HEAD: GET${index}`);
  const others = methods.filter((method) => method !== "OPTIONS");
  const allowed = others.flatMap((method) => (method === "GET" && followsGet ? ["GET", "HEAD"] : [method]));
  const allow = [...allowed, "OPTIONS"].join(", ");
  return `byMethod({ __proto__: null, ${handlers.join(", ")} }, ${JSON.stringify(allow)})`;
}
