/** The build of one target of an app, from the discovery of routes to the manifest in `.portico/build/TARGET`. */
import { join } from "node:path";
import { buildApp } from "../bundler/build.ts";
import { warnOfUnmatchedRules } from "../bundler/function-groups.ts";
import { checkMigrations } from "../migrations/classifier.ts";
import { readDatabaseMigrations, unusedMigrations } from "../migrations/database-migrations.ts";
import type { App } from "../model/app.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import { discoverAssets } from "../routes/static-files.ts";
import { discoverJobs } from "../routes/job-discovery.ts";
import { discoverRoutes } from "../routes/route-discovery.ts";

/** The folder of a target's build. */
export const buildFolder = (app: Pick<App, "root">, target: Target): string =>
  join(app.root, ".portico", "build", target);

/** Throws UserError NO_ROUTES for a folder without an app, and the errors of discovery and the build. */
export async function buildTarget(
  app: App,
  target: Target,
  warn: (text: string) => void = () => {},
): Promise<Manifest> {
  const [routes, assets, jobs] = await Promise.all([
    discoverRoutes(app.root),
    discoverAssets(app.root, app.assets, { headers: app.headers, warn }),
    discoverJobs(app),
  ]);
  if (routes.length + assets.length + jobs.length === 0) {
    throw new UserError(
      "NO_ROUTES",
      `${app.root} has no functions/ folder with a route in it`,
      "Write functions/index.ts, or run portico init",
    );
  }
  warnOfUnmatchedRules(app, routes, warn);
  for (const name of Object.keys(app.databases ?? {}))
    for (const { message, fix } of await checkMigrations(await readDatabaseMigrations(app, name)))
      warn(`${message}. ${fix}`);
  for (const text of unusedMigrations(app)) warn(text);
  return buildApp({ app, routes, assets, jobs, target, out: buildFolder(app, target), warn });
}
