/** esbuild's options for each target and mode, and its outputs under stable names. */
import { join, posix } from "node:path";
import type { BuildOptions, OutputFile } from "esbuild";
import type { Target } from "../model/target.ts";
import { commonJsDefines } from "./commonjs-variables.ts";
import { loaders } from "./loaders.ts";
import { sideEffectsPlugin, type EvaluationOrder, defaultOrder } from "./evaluation-order.ts";
import { porticoPlugin, type ResolutionOptions } from "./esbuild-plugin.ts";
import { traceImports } from "./import-trace.ts";

/** Output paths are relative to this folder. Nothing is written there, and no source file can be in it. */
const outdir = ".portico/out";

const perTarget = {
  lambda: { platform: "node", target: "node24", mainFields: ["module", "main"] },
  // nodejs_compat provides `node:*`. The order of the conditions is wrangler's.
  workers: {
    platform: "browser",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
  },
  node: { platform: "node", target: "node22", mainFields: ["module", "main"] },
} as const satisfies Record<Target, BuildOptions>;

/** The only differences between production and development are in `perMode`. */
export type Mode = "production" | "development";

const perMode = {
  // Production maps have no source text, which would double the zip's size.
  production: { minify: true, keepNames: false, sourcesContent: false },
  development: { minify: false, keepNames: true, sourcesContent: true },
} as const;

/**
 * The options that all bundles of a target share; callers add entry points. The app's tsconfig.json overrides the JSX
 * settings.
 * @param order by default that of a first bundling pass
 */
export function bundleOptions(resolution: ResolutionOptions, mode: Mode, order: EvaluationOrder = defaultOrder) {
  const { conditions, mainFields, ...platform } = { conditions: undefined, ...perTarget[resolution.target] };
  const dev = mode === "development";
  // Development keeps an order from build to build, and npm may move a package's files in between.
  const ofThisBuild = dev ? { ...order, packageImports: defaultOrder.packageImports } : order;
  // Lambda modules lie in the function's folder itself, so that import.meta.dirname is that folder.
  const folders =
    resolution.target === "lambda" ? { chunks: "", assets: "" } : { chunks: "chunks/", assets: "modules/" };
  return {
    ...platform,
    ...(conditions && { conditions: [...conditions] }),
    mainFields: [...mainFields],
    absWorkingDir: resolution.root,
    outdir: join(resolution.root, outdir),
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    charset: "utf8",
    ...perMode[mode],
    splitting: resolution.target !== "lambda" || order.splits,
    chunkNames: `${folders.chunks}[name]-[hash]`,
    assetNames: `${folders.assets}[name]-[hash]`,
    outExtension: { ".js": extensionOf(resolution.target, mode) },
    // Without a sourceMappingURL comment on Lambda, where nothing reads it.
    sourcemap: resolution.target === "lambda" && !dev ? "external" : "linked",
    legalComments: "none",
    logLevel: "silent",
    jsx: "automatic",
    jsxImportSource: "hono/jsx",
    define: {
      PORTICO_DEV: String(dev),
      "process.env.NODE_ENV": JSON.stringify(mode),
      ...(resolution.target !== "workers" && commonJsDefines),
    },
    loader: resolution.target === "workers" ? { ...loaders, ".wasm": "copy" } : loaders,
    external: resolution.target === "workers" ? ["cloudflare:*"] : [],
    plugins: [sideEffectsPlugin(resolution.root, ofThisBuild), porticoPlugin(resolution, dev), traceImports],
  } as const satisfies BuildOptions;
}

/**
 * The file extension of modules. `.mjs` where no package.json with "type": "module" is above them: on Lambda and in
 * development.
 */
export const extensionOf = (target: Target, mode: Mode): ".mjs" | ".js" =>
  target === "lambda" || mode === "development" ? ".mjs" : ".js";

/** The metafile's key of an output. */
export const outputKey = (name: string): string => posix.join(outdir, name);

/** Outputs by path relative to the output folder. Sources in maps are relative to the app's root. */
export function readOutputs(root: string, outputs: readonly OutputFile[]): Map<string, Uint8Array> {
  const folder = join(root, outdir);
  const nameOf = sourceNames();
  return new Map(
    outputs.map(({ path, contents: { buffer, byteOffset, length } }) => {
      const name = path.slice(folder.length + 1).replaceAll("\\", "/");
      const bytes = Buffer.from(buffer, byteOffset, length);
      return [name, name.endsWith(".map") ? stableMap(bytes, nameOf(name)) : bytes];
    }),
  );
}

/** The names of maps' sources by output, each made once: the functions of a batch have most of them in common. */
function sourceNames(): (output: string) => (source: string) => string {
  const names = new Map<string, string>();
  return (output) => {
    // From folders of one depth, `../` leads to the same place: no source is in the output folder.
    const depth = output.split("/").length;
    return (source) => {
      const key = `${depth} ${source}`;
      const name = names.get(key) ?? sourceName(output, source);
      names.set(key, name);
      return name;
    };
  };
}

const sourceName = (output: string, source: string): string =>
  stableName(/^[a-z-]+:/.test(source) ? source : posix.join(outdir, posix.dirname(output), decodeURI(source)));

/**
 * Rewrites a map's sources relative to the root and decoded: esbuild writes `[id].ts` as `%5Bid%5D.ts`. Replaces only
 * that line of the bytes, since reading whole maps takes longer than bundling.
 */
function stableMap(map: Buffer, nameOf: (source: string) => string): Buffer {
  const start = map.indexOf('\n  "sources": [') + 1;
  const end = map.indexOf("\n", start);
  const line = map.toString("utf8", start, end);
  const sources = JSON.parse(line.slice(line.indexOf("["), -1)) as readonly string[];
  return Buffer.concat([
    map.subarray(0, start),
    Buffer.from(`  "sources": ${JSON.stringify(sources.map(nameOf))},`),
    map.subarray(end),
  ]);
}

/**
 * A source's name that is equal on every machine: packages begin at `node_modules/`, the runtime is
 * `portico/runtime/x.ts`.
 */
export const stableName = (path: string): string =>
  path.replace(/^portico:/, "portico/").replace(/^(?:\.\.\/)+(?:.*?\/)?(?=node_modules\/)/, "");
