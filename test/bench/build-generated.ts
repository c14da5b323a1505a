/** Builds a generated app in this process: its root in, the manifest out. */
import { join } from "node:path";
import { buildApp } from "../../framework/build/build.ts";
import { loadApp } from "../../framework/config/load.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import type { Target } from "../../framework/model/target.ts";
import { discover } from "../../framework/routes/discover.ts";

/** The production build, as `portico build` makes it. */
export async function buildGenerated(root: string, target: Target): Promise<Manifest> {
  const app = await loadApp({ root, stage: "dev", target });
  return buildApp({ app, routes: await discover(root), assets: [], target, out: join(root, ".portico/build", target) });
}
