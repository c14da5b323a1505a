/** The production build of many routes against one raw esbuild call over the same files. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { discover } from "../../framework/routes/discover.ts";
import { buildGenerated } from "./build-generated.ts";
import { generateApp } from "./generate.ts";
import { compare, type Measured, time } from "./measure.ts";

/** 100 and 500 routes for Lambda: discover, scan, bundle, zip, hash and manifest against bundling alone. */
export async function build(): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  for (const count of [100, 500]) {
    const root = await generateApp(count);
    const entryPoints = (await discover(root)).map(({ file }) => join(root, file));
    const raw = (): Promise<unknown> =>
      esbuild({
        entryPoints,
        bundle: true,
        minify: true,
        format: "esm",
        platform: "node",
        outdir: join(root, "raw"),
        sourcemap: "external",
      });
    const what = { name: `build of ${count} routes, lambda`, against: "one raw esbuild call over the same files", unit: "ms", rounds: 7 };
    measured.push(
      await compare(
        what,
        () => time(() => buildGenerated(root, "lambda")),
        () => time(raw),
      ),
    );
    await rm(root, { recursive: true });
  }
  return measured;
}
