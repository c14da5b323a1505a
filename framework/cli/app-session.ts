/** A developer's app while it is being edited: its folder in; current routes, assets and builds out, renewed on every change. */
import { join, relative } from "node:path";
import { createDevBuilder, type DevBuilder } from "../build/dev-builder.ts";
import { functionId } from "../build/group.ts";
import { loadApp } from "../config/load.ts";
import { resolveEnv } from "../config/env.ts";
import type { MadeSecret } from "../config/secrets.ts";
import type { DevRoute } from "../local/tables.ts";
import type { Changes } from "../local/folder-tree.ts";
import type { App, LambdaFront } from "../model/app.ts";
import type { FunctionSource, LoadedFunction } from "../model/invocation.ts";
import type { BuiltAsset } from "../model/manifest.ts";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import { discoverAssets } from "../routes/assets.ts";
import { discover } from "../routes/discover.ts";
import type { appFlags } from "./flags.ts";
import type { Reporter } from "./reporter.ts";

/** What is served right now. */
export interface Served {
  readonly routes: readonly DevRoute[];
  readonly assets: readonly BuiltAsset[];
}

/** An app being edited. */
export interface AppSession extends FunctionSource {
  readonly app: App;
  readonly target: Target;
  /** Of target lambda; an HTTP API when absent. */
  readonly front: LambdaFront | undefined;
  served(): Served;
  /** Takes a batch of changes in; gives the functions that are other than before, already building, and whether `served` is. */
  apply(changes: Changes): Promise<{ readonly functions: readonly string[]; readonly tables: boolean }>;
  close(): Promise<void>;
}

interface State extends Served {
  readonly app: App;
  readonly builder: DevBuilder;
}

/**
 * Loads env and routes of an app. Throws UserError for what is wrong with them now; later it is reported and the last good state stays.
 * @param app what these flags give now
 * @param onOutside is told of folders outside of the app's whose changes count, too
 */
export async function openAppSession(
  flags: ReturnType<typeof appFlags>,
  app: App,
  reporter: Reporter,
  onOutside: (folder: string) => void,
): Promise<AppSession> {
  let state = await load(app, reporter, onOutside);
  const target = app.targets[0]!;
  const { front } = app.lambda;
  const used = new Set<string>();
  const session: AppSession = {
    app,
    target,
    front,
    served: () => state,
    load: (id) => {
      used.add(id);
      return state.builder.load(id);
    },
    async apply(changes) {
      const paths = [...changes.changed, ...changes.appeared, ...changes.vanished];
      if (paths.some((path) => isSetting(relative(flags.root, path), flags.config))) {
        const before = state;
        await warnOfFront(flags, { target, front }, reporter);
        const now = await loadApp({ ...flags, target });
        state = await load({ ...now, lambda: { ...now.lambda, front: front ?? "http-api" } }, reporter, onOutside);
        await before.builder.close();
        return { functions: rebuild(state.builder, used, [...used]), tables: true };
      }
      const assets = paths.some((path) => path.startsWith(join(flags.root, state.app.assets)));
      const tables = assets || changes.appeared.length + changes.vanished.length > 0;
      if (tables) state = { ...state, ...(await find(state.app, target)) };
      if (tables) state.builder.setRoutes(state.routes);
      return { functions: rebuild(state.builder, used, state.builder.changed(paths)), tables };
    },
    close: () => state.builder.close(),
  };
  return session;
}

/** The target and its front stay until dev is started anew. */
async function warnOfFront(
  flags: ReturnType<typeof appFlags>,
  { target, front }: Pick<AppSession, "target" | "front">,
  reporter: Reporter,
) {
  const { targets, lambda } = await loadApp(flags);
  if (targets[0] !== target) reporter.warn(`the target is now ${targets[0]}, but this goes on as ${target}; start portico dev again`);
  if (target === "lambda" && (lambda.front ?? "http-api") !== (front ?? "http-api"))
    reporter.warn(`the front is now ${lambda.front ?? "http-api"}, but this goes on as ${front ?? "http-api"}; start portico dev again`);
}

/** Builds anew at once what was asked for before, so that the next request need not wait; a failure is told by that request. */
function rebuild(builder: DevBuilder, used: ReadonlySet<string>, ids: readonly string[]): readonly string[] {
  for (const id of ids) if (used.has(id)) builder.load(id).catch(() => undefined);
  return ids;
}

const isSetting = (path: string, config = "hosting.json"): boolean => path === config || /^\.env(\.[\w-]+)?$/.test(path);

async function load(app: App, reporter: Reporter, onOutside: (folder: string) => void): Promise<State> {
  const target = app.targets[0]!;
  const finding = find(app, target);
  // What is wrong with the settings is told first.
  finding.catch(() => undefined);
  const { env, made, undeclared } = await resolveEnv(app, { files: true, makeSecrets: true, processEnv: process.env });
  reportSecrets(reporter, made);
  for (const name of undeclared)
    reporter.warn(`${name} is in an .env file, but not under "env" or "secrets" in hosting.json, so no function sees it`);
  const found = await finding;
  const builder = createDevBuilder({ app, target, out: join(app.root, ".portico/dev", target), env, onOutside });
  builder.setRoutes(found.routes);
  return { app, builder, ...found };
}

/** Made once and shown once; it is this machine's own. */
export function reportSecrets(reporter: Reporter, made: readonly MadeSecret[]): void {
  for (const { name, value } of made)
    reporter.line(
      `${reporter.paint("yellow", "made a secret")} ${name}=${value} ${reporter.paint("dim", "(kept in .portico/secrets.json)")}`,
    );
}

async function find(app: App, target: Target): Promise<Served> {
  const [routes, assets] = await Promise.all([discover(app.root), discoverAssets(app.root, app.assets, app)]);
  return { routes: routes.map((route) => ({ ...route, function: functionId(app.group, target, route) })), assets };
}

/** For a folder without functions: nothing is ever asked of it. */
export const noFunctions: FunctionSource = {
  load: (id): Promise<LoadedFunction> =>
    Promise.reject(new UserError("NO_FUNCTION", `there is no function ${id}`, "write functions/index.ts")),
};
