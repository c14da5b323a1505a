/** Builds an app for a target, as `portico build` does. */
import { join } from "node:path";
import { buildApp } from "../../framework/bundler/build.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import type { Target } from "../../framework/model/target.ts";
import { discoverAssets } from "../../framework/routes/static-files.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import type { LoadedApp } from "./runtime.ts";

/** A build in the app's own folder. */
export interface Built {
  readonly manifest: Manifest;
  /** Absolute. */
  readonly out: string;
}

/** Builds as `portico build` does. */
export async function build({ app, folder }: LoadedApp, target: Target): Promise<Built> {
  const out = join(folder, target);
  const [routes, assets] = await Promise.all([discoverRoutes(app.root), discoverAssets(app.root, app.assets, app)]);
  return { out, manifest: await buildApp({ app: { ...app, targets: [target] }, routes, assets, target, out }) };
}
