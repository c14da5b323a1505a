/** Builds a generated app in this process: its root in, the manifest and its folder out. */
import { join } from "node:path";
import { buildApp } from "../../framework/build/build.ts";
import { loadApp } from "../../framework/config/load.ts";
import type { LambdaApp } from "../../framework/model/app.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import type { Target } from "../../framework/model/target.ts";
import { discover } from "../../framework/routes/discover.ts";

/** The production build, as `portico build` makes it. @param webClasses default what the build takes by itself */
export async function buildGenerated(
  root: string,
  target: Target,
  webClasses?: LambdaApp["webClasses"],
): Promise<Manifest & { readonly out: string }> {
  const app = await loadApp({ root, stage: "dev", target });
  const out = join(root, ".portico/build", webClasses ?? target);
  const lambda = { ...app.lambda, ...(webClasses && { webClasses }) };
  const manifest = await buildApp({ app: { ...app, lambda }, routes: await discover(root), assets: [], target, out });
  return { ...manifest, out };
}
