/** The session of an app under development: its settings, routes, assets and builds, updated when its files change. */
import { join, relative } from "node:path";
import { createDevBuilder, type DevBuilder } from "../bundler/dev-builder.ts";
import { functionId, warnOfUnmatchedRules } from "../bundler/function-groups.ts";
import { writeTypesForCompiler } from "../bundler/app-types.ts";
import { checkLambdaAssets } from "../bundler/lambda/static-files.ts";
import { loadApp, type LoadOptions } from "../config/app-loader.ts";
import { resolveEnv } from "../config/env.ts";
import type { DevRoute } from "./dev-routing.ts";
import type { FileChanges } from "./watched-folders.ts";
import type { App, LambdaFront } from "../model/app.ts";
import { hasDatabases } from "../model/database.ts";
import type { FunctionSource, LoadedFunction } from "../model/invocation.ts";
import type { Job } from "../model/job.ts";
import type { BuiltAsset } from "../model/manifest.ts";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import { discoverAssets } from "../routes/static-files.ts";
import { discoverJobs } from "../routes/job-discovery.ts";
import { discoverRoutes } from "../routes/route-discovery.ts";
import { type LocalDatabases, openLocalDatabases } from "./local-databases.ts";
import type { ReportEvent } from "./dev-event.ts";
import type { OpenApiDocument } from "./openapi-document.ts";

/** The routes and static files that are served now. */
export interface ServedContent {
  readonly routes: readonly DevRoute[];
  readonly assets: readonly BuiltAsset[];
  readonly jobs: readonly Job[];
  /** Whether schedules run. */
  readonly clock: boolean;
}

/** An app under development. */
export interface AppSession extends FunctionSource {
  readonly app: App;
  readonly target: Target;
  /** Of target lambda; an HTTP API when absent. */
  readonly front: LambdaFront | undefined;
  served(): ServedContent;
  /** Applies a batch of file changes. The functions that they may affect are already being rebuilt. */
  apply(changes: FileChanges): Promise<AppChanges>;
  /** The app's API, which runs its code. Rejects as `describeApi`. */
  describe(): Promise<OpenApiDocument>;
  close(): Promise<void>;
}

/** The effects of a batch of file changes. */
export interface AppChanges {
  /** Ids of the functions that are built again. */
  readonly functions: readonly string[];
  /** Those of them whose build became another one, or failed. */
  readonly changed: Promise<readonly string[]>;
  /** True where `served` may give other routes or assets. */
  readonly routing: boolean;
}

interface State extends ServedContent {
  readonly app: App;
  readonly env: Readonly<Record<string, string>>;
  readonly builder: DevBuilder;
}

/**
 * Loads env and routes of an app. Throws UserError for mistakes in them. Later mistakes are reported, and the last
 * valid state stays.
 * @param options what `app` was loaded with
 * @param onOutsideFolder receives the folders outside of the app whose files are part of a bundle or are migrations
 */
export async function openAppSession(
  options: LoadOptions,
  app: App,
  report: ReportEvent,
  onOutsideFolder: (folder: string) => void,
): Promise<AppSession> {
  const databases = openLocalDatabases(app.root, (text) => report({ type: "database", text }));
  let state = await load(app, databases, report, onOutsideFolder).catch(async (error: unknown) => {
    await databases.close();
    throw error;
  });
  const target = app.targets[0]!;
  const { front } = app.lambda;
  /** The hash of each function's last build; undefined before it, and where it failed. */
  const loaded = new Map<string, string | undefined>();
  const session: AppSession = {
    app,
    target,
    front,
    served: () => state,
    load: (id) => {
      const build = state.builder.load(id);
      if (!loaded.has(id)) void recordBuild(loaded, id, build);
      return build;
    },
    async apply(changes) {
      const paths = [...changes.changed, ...changes.appeared, ...changes.vanished];
      if (paths.some((path) => isSettingsFile(relative(options.root, path), options.config))) {
        const before = state;
        await warnOfFixedSettings(options, session, report);
        const now = await loadApp({ ...options, target });
        const changed = { ...now, lambda: { ...now.lambda, front: front ?? "http-api" } } as const;
        state = await load(changed, databases, report, onOutsideFolder);
        await before.builder.close();
        return { ...rebuild(state.builder, loaded, [...loaded.keys()]), routing: true };
      }
      if (hasDatabases(state.app)) {
        const { applyMigrations, isMigration } = await import("./dev-migrations.ts");
        if (paths.some((path) => isMigration(state.app, path))) await applyMigrations(state.app, state.env, report);
      }
      const assets = paths.some((path) => path.startsWith(join(options.root, state.app.assets)));
      const routing = assets || changes.appeared.length + changes.vanished.length > 0;
      if (routing) state = { ...state, ...(await discoverContent(state.app, target)) };
      if (routing) state.builder.setRoutes(state.routes, state.jobs);
      else if (paths.some((path) => path.endsWith(".jinja"))) writeTypesForCompiler(state);
      return { ...rebuild(state.builder, loaded, state.builder.changed(paths)), routing };
    },
    describe: async () => (await import("./api-description.ts")).describeApi(state.app, state.routes),
    async close() {
      await state.builder.close();
      await databases.close();
    },
  };
  return session;
}

/** The target, its front and its bindings do not change until dev is restarted. */
async function warnOfFixedSettings(
  options: LoadOptions,
  { app, target, front }: Pick<AppSession, "app" | "target" | "front">,
  report: ReportEvent,
) {
  const { targets, lambda, workers } = await loadApp(options);
  const warn = (text: string): void => report({ type: "warning", text });
  if (target === "workers" && JSON.stringify(workers.bindings) !== JSON.stringify(app.workers.bindings))
    warn("the bindings changed, but this process keeps the earlier ones; restart portico dev");
  if (targets[0] !== target)
    warn(`the target is now ${targets[0]}, but this process keeps ${target}; restart portico dev`);
  const [current, kept] = [lambda.front ?? "http-api", front ?? "http-api"];
  if (target === "lambda" && current !== kept)
    warn(`the front is now ${current}, but this process keeps ${kept}; restart portico dev`);
}

/**
 * Starts to rebuild the functions that were requested before, so that the next request need not wait. That request
 * reports a failed build.
 */
function rebuild(
  builder: DevBuilder,
  loaded: Map<string, string | undefined>,
  functions: readonly string[],
): Omit<AppChanges, "routing"> {
  const builds = functions.map(async (id) => ((await recordBuild(loaded, id, builder.load(id))) ? [id] : []));
  return { functions, changed: Promise.all(builds).then((ids) => ids.flat()) };
}

/** Remembers a build: true where it is another one than the last, or failed; false for a function that is gone. */
async function recordBuild(
  loaded: Map<string, string | undefined>,
  id: string,
  build: Promise<LoadedFunction>,
): Promise<boolean> {
  loaded.set(id, loaded.get(id));
  try {
    const { hash } = await build;
    const before = loaded.get(id);
    loaded.set(id, hash);
    return hash !== before;
  } catch (error) {
    loaded.set(id, undefined);
    return !(error instanceof UserError && error.code === "NO_FUNCTION");
  }
}

const isSettingsFile = (path: string, config = "hosting.json"): boolean =>
  path === config || /^\.env(\.[\w-]+)?$/.test(path);

async function load(
  app: App,
  databases: LocalDatabases,
  report: ReportEvent,
  onOutsideFolder: (folder: string) => void,
): Promise<State> {
  const target = app.targets[0]!;
  const warn = (text: string): void => report({ type: "warning", text });
  const discovery = discoverContent(app, target);
  // Mistakes in the settings are reported before those in the routes.
  discovery.catch(() => undefined);
  const { env, generated, undeclared } = await resolveEnv(app, {
    files: true,
    missing: "generate",
    processEnv: process.env,
    localDatabase: databases.urlOf,
  });
  for (const secret of generated) report({ type: "made-secret", secret });
  for (const name of undeclared)
    warn(`${name} is in an .env file, but not under "env" or "secrets" in hosting.json, so no function sees it`);
  const content = await discovery;
  if (hasDatabases(app)) {
    const { applyMigrations, extensionFolders } = await import("./dev-migrations.ts");
    extensionFolders(app).forEach(onOutsideFolder);
    await applyMigrations(app, env, report);
  }
  warnOfUnmatchedRules(app, content.routes, warn);
  const builder = createDevBuilder({
    app,
    target,
    out: join(app.root, ".portico/dev", target),
    env,
    onOutsideFolder: onOutsideFolder,
    onWarning: warn,
  });
  builder.setRoutes(content.routes, content.jobs);
  return { app, env, builder, ...content };
}

async function discoverContent(app: App, target: Target): Promise<ServedContent> {
  const [routes, assets, jobs] = await Promise.all([
    discoverRoutes(app.root),
    discoverAssets(app.root, app.assets, app),
    discoverJobs(app),
  ]);
  if (target === "lambda") checkLambdaAssets(app, routes, assets);
  writeTypesForCompiler({ app, routes, jobs });
  return {
    routes: routes.map((route) => ({ ...route, function: functionId(app.group, target, route) })),
    assets,
    jobs,
    clock: app.clock !== false,
  };
}

/** The source of a folder without functions. No request reaches it. */
export const noFunctions: FunctionSource = {
  load: (id): Promise<LoadedFunction> =>
    Promise.reject(new UserError("NO_FUNCTION", `there is no function ${id}`, "write functions/index.ts")),
};
