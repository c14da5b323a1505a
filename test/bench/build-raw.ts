/** What a build is held against: routes' files in, one raw esbuild call over all of them. */
import { join } from "node:path";
import { build } from "esbuild";
import { discover } from "../../framework/routes/discover.ts";
import type { Target } from "../../framework/model/target.ts";

/** Bundles and minifies each route's file with a source map and writes it; for Workers with their code shared, as `buildGenerated` has it. */
export async function buildRaw(root: string, target: Target): Promise<unknown> {
  const entryPoints = (await discover(root)).map(({ file }) => join(root, file));
  return build({
    entryPoints,
    bundle: true,
    minify: true,
    format: "esm",
    platform: target === "workers" ? "browser" : "node",
    splitting: target === "workers",
    outdir: join(root, "raw"),
    sourcemap: "external",
  });
}
