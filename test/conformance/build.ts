/** Builds an app for a runtime: what it is to run in, its manifest and where it is out. */
import { join } from "node:path";
import { buildApp } from "../../framework/build/build.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import type { Target } from "../../framework/model/target.ts";
import { discoverAssets } from "../../framework/routes/assets.ts";
import { discover } from "../../framework/routes/discover.ts";
import type { Subject } from "./runtime.ts";

/** A build in the subject's own folder. */
export interface Built {
  readonly manifest: Manifest;
  /** Absolute. */
  readonly out: string;
}

/** Builds as `portico build` does. */
export async function build({ app, folder }: Subject, target: Target): Promise<Built> {
  const out = join(folder, target);
  const [routes, assets] = await Promise.all([discover(app.root), discoverAssets(app.root, app.assets, app)]);
  return { out, manifest: await buildApp({ app: { ...app, targets: [target] }, routes, assets, target, out }) };
}
