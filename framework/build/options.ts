/** esbuild's options for one target: names and a mode in, options out. The one place that knows them. */
import { join, posix } from "node:path";
import type { BuildOptions, OutputFile } from "esbuild";
import type { Target } from "../model/target.ts";
import { type Mode, type Names, ownName, porticoPlugin } from "./plugin.ts";

/** Nothing is written there: paths of outputs are relative to it, and it cannot meet a source file. */
const outdir = ".portico/out";

const perTarget = {
  lambda: { platform: "node", target: "node24", mainFields: ["module", "main"] },
  // nodejs_compat gives `node:*`; conditions in the order that Cloudflare's own tool has.
  workers: {
    platform: "browser",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
  },
  node: { platform: "node", target: "node22", mainFields: ["module", "main"] },
} as const satisfies Record<Target, BuildOptions>;

/** What an import gives beside esbuild's own kinds of files; the platform runs WebAssembly on Workers itself. */
const loaders = { ".txt": "text", ".sql": "text", ".html": "text", ".wasm": "binary" } as const;

/** Of esbuild's own kinds. */
const code = /\.(?:[cm]?[jt]s|[jt]sx|json|css)$/;

/** True when an import may lead to a file of this name without saying what it is; a folder's name has no ending. */
export const isImportable = (name: string): boolean => code.test(name) || !posix.extname(name) || posix.extname(name) in loaders;

/** Options that every bundle of a target has; the caller adds its entry points. A tsconfig.json of the app has the last word on JSX. */
export function bundleOptions(names: Names, mode: Mode) {
  const { conditions, mainFields, ...platform } = { conditions: undefined, ...perTarget[names.target] };
  const dev = mode === "development";
  return {
    ...platform,
    ...(conditions && { conditions: [...conditions] }),
    mainFields: [...mainFields],
    absWorkingDir: names.root,
    outdir: join(names.root, outdir),
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    charset: "utf8",
    minify: !dev,
    keepNames: dev,
    // A comment that names the map would take bytes in every Lambda function, and nothing there reads it.
    sourcemap: names.target === "lambda" ? "external" : "linked",
    // In production a map says where a line was; what stood there is in the repository, and would double the zip.
    sourcesContent: dev,
    legalComments: "none",
    logLevel: "silent",
    jsx: "automatic",
    jsxImportSource: "hono/jsx",
    define: { PORTICO_DEV: String(dev), "process.env.NODE_ENV": JSON.stringify(mode) },
    loader: names.target === "workers" ? { ...loaders, ".wasm": "copy" } : loaders,
    external: names.target === "workers" ? ["cloudflare:*"] : [],
    plugins: [porticoPlugin(names, mode)],
  } as const satisfies BuildOptions;
}

/** An output's name as the metafile has it. */
export const outputKey = (name: string): string => posix.join(outdir, name);

/** Outputs by their names relative to the output folder; in maps, sources are relative to the app's root. */
export function readOutputs(root: string, outputs: readonly OutputFile[]): Map<string, Uint8Array> {
  const folder = join(root, outdir);
  return new Map(
    outputs.map(({ path, contents, text }) => {
      const name = path.slice(folder.length + 1).replaceAll("\\", "/");
      return [name, name.endsWith(".map") ? Buffer.from(stableMap(root, name, text)) : contents];
    }),
  );
}

/**
 * Sources as people know them: relative to the root, and `[id].ts`, which esbuild writes as `%5Bid%5D.ts`. Rewrites the one line of a
 * map that says so; parsing whole maps would cost more than bundling.
 */
function stableMap(root: string, name: string, text: string): string {
  const line = /^ {2}"sources": (\[.*\]),$/m;
  const sources = JSON.parse(line.exec(text)?.[1] ?? "null") as readonly string[];
  const stable = sources.map((source) => {
    if (/^[a-z-]+:/.test(source)) return stableName(source);
    const path = posix.join(outdir, posix.dirname(name), decodeURI(source));
    return ownName(join(root, path)) ?? stableName(path);
  });
  return text.replace(line, () => `  "sources": ${JSON.stringify(stable)},`);
}

/** A source's name on every machine: packages from `node_modules/` on, wherever they are; the runtime as `portico/runtime/x.ts`. */
export const stableName = (path: string): string =>
  path.replace(/^portico:/, "portico/").replace(/^(?:\.\.\/)+(?:.*?\/)?(?=node_modules\/)/, "");
