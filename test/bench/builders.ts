/** The two builds that benches compare: Portico's production build, and one raw esbuild call over the same routes. */
import { join } from "node:path";
import { build } from "esbuild";
import { buildApp } from "../../framework/bundler/build.ts";
import { loadApp } from "../../framework/config/app-loader.ts";
import type { LambdaApp } from "../../framework/model/app.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import type { Target } from "../../framework/model/target.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";

/** The production build, as `portico build` makes it. @param webClasses default what the build takes by itself */
export async function buildGenerated(
  root: string,
  target: Target,
  webClasses?: LambdaApp["webClasses"],
): Promise<Manifest & { readonly out: string }> {
  const app = await loadApp({ root, stage: "dev", target });
  const out = join(root, ".portico/build", webClasses ?? target);
  const lambda = { ...app.lambda, ...(webClasses && { webClasses }) };
  const manifest = await buildApp({
    app: { ...app, lambda },
    routes: await discoverRoutes(root),
    assets: [],
    target,
    out,
  });
  return { ...manifest, out };
}

/**
 * Bundles and minifies each route's file with a source map and writes it; for Workers with their code shared, as
 * `buildGenerated` has it.
 * @param external names of packages that are not bundled
 */
export async function buildRaw(root: string, target: Target, external: readonly string[] = []): Promise<unknown> {
  const entryPoints = (await discoverRoutes(root)).map(({ file }) => join(root, file));
  return build({
    entryPoints,
    bundle: true,
    minify: true,
    format: "esm",
    platform: target === "workers" ? "browser" : "node",
    splitting: target === "workers",
    outdir: join(root, "raw"),
    sourcemap: "external",
    external: [...external],
    loader: { ".node": "empty" },
    logLevel: "silent",
  });
}
