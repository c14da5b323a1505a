/** What esbuild must know of Portico: generated entries, the runtime under stable names, Node's modules, wasm and native code. */
import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";

/** What one build's names mean. */
export interface Names {
  /** Absolute path of the app. */
  readonly root: string;
  readonly target: Target;
  /** Generated modules by name; `portico:<name>` imports one. */
  readonly entries: ReadonlyMap<string, string>;
  /** Folders, relative to the root, from where some of them look for packages; the root for all others. */
  readonly folders?: ReadonlyMap<string, string>;
}

/** Development: readable code, names kept, and PORTICO_DEV for the runtime. */
export type Mode = "production" | "development";

/** Where the runtime is: `.ts` in the sources, `.js` in the package. */
const extension = extname(fileURLToPath(import.meta.url));
const runtime = fileURLToPath(new URL("../runtime/", import.meta.url));
const light = fileURLToPath(new URL("../light/", import.meta.url));

/** The text of a module of the namespace `portico`, as `entry/x`, `runtime/x.ts` or `light/x.ts`. */
export async function porticoSource(entries: Names["entries"], path: string): Promise<string> {
  return entries.get(path) ?? readFile(join(path.startsWith("light/") ? light : runtime, basename(path)), "utf8");
}

/** `portico/runtime/x.ts` of a file that is one of ours, wherever this package lies; undefined of another. */
export function ownName(path: string): string | undefined {
  for (const [name, folder] of Object.entries({ runtime, light })) if (path.startsWith(folder)) return `portico/${name}/${basename(path)}`;
  return undefined;
}

/**
 * The plugin. In production its modules are named alike on every machine, so no absolute path gets into bytes or maps. In development
 * ours are the files that they are, which esbuild reads and remembers by itself: asking us for each took longer than to bundle them.
 */
export const porticoPlugin = (names: Names, mode: Mode): Plugin => ({
  name: "portico",
  setup(build) {
    resolvePortico(build, names, mode);
    resolveBuiltins(build);
    refuseNative(build);
    if (names.target !== "workers") loadWasm(build);
  },
});

const runtimeModule = (name: string, mode: Mode): OnResolveResult => {
  const file = `${name}${extension}`;
  const place = mode === "development" ? { path: join(runtime, file) } : { path: `runtime/${file}`, namespace: "portico" };
  return { ...place, sideEffects: false };
};

/** An entry that names the runtime's modules by their files, as development has them. */
export const withRuntimeFiles = (entry: string): string =>
  entry.replace(
    /(?<=^import [^"]* from )"portico\/(?:runtime\/)?([a-z-]+)";$/gm,
    (_, name: string) => `${JSON.stringify(join(runtime, `${name}${extension}`))};`,
  );

/** The light web classes; its first module is there for what it does. */
const lightModule = (name: string, mode: Mode): OnResolveResult => {
  const file = `${name}${extension}`;
  return mode === "development" ? { path: join(light, file) } : { path: `light/${file}`, namespace: "portico" };
};

function resolvePortico(build: PluginBuild, { root, entries, folders }: Names, mode: Mode): void {
  build.onResolve({ filter: /^portico:(?:light|lean)$/ }, ({ path }) => lightModule(path.endsWith("lean") ? "lean" : "index", mode));
  build.onResolve({ filter: /^portico:/ }, ({ path }) => ({ path: path.slice("portico:".length), namespace: "portico" }));
  build.onResolve({ filter: /^portico(?:\/|$)/ }, ({ path }) => {
    const name = /^portico(?:\/(?:runtime\/)?(?<name>[a-z-]+))?$/.exec(path);
    const module = name?.groups?.["name"] ?? "index";
    if (name && !["node", "testing"].includes(module)) return runtimeModule(module, mode);
    return refusal(
      new UserError("BUILD_FAILED", `${path} cannot be inside a function`, "Import from portico, portico/lambda or portico/workers."),
    );
  });
  build.onResolve({ filter: /^\.\/[\w-]+\.[jt]s$/, namespace: "portico" }, ({ path, importer }) => {
    const name = basename(path, extname(path));
    if (importer.startsWith("light/")) return lightModule(name, mode);
    return importer.startsWith("runtime/") ? runtimeModule(name, mode) : undefined;
  });
  build.onResolve({ filter: /^hono(?:\/|$)/ }, async ({ path, kind, importer, namespace }) => {
    if (!importer.startsWith(namespace === "portico" ? "runtime/" : runtime)) return undefined;
    // The app's hono first, so that its middleware and ours share one copy.
    const found = await build.resolve(path, { resolveDir: root, kind });
    return found.errors.length === 0 ? found : build.resolve(path, { resolveDir: runtime, kind });
  });
  build.onLoad({ filter: /.*/, namespace: "portico" }, async ({ path }) => ({
    contents: await porticoSource(entries, path),
    loader: path.endsWith(".ts") ? "ts" : "js",
    resolveDir: join(root, folders?.get(path) ?? ""),
  }));
}

const builtins = builtinModules.map((name) => (name.startsWith("node:") ? name : `(?:node:)?${name}`)).join("|");

/** Every target has Node's modules under `node:`. A `require` becomes an import, since ES modules have no `require`. */
function resolveBuiltins(build: PluginBuild): void {
  build.onResolve({ filter: new RegExp(`^(?:${builtins})$`) }, ({ path, kind, namespace }) => {
    const name = path.replace(/^node:/, "");
    if (kind !== "require-call" || namespace === "require") return { path: `node:${name}`, external: true, sideEffects: false };
    return { path: name, namespace: "require" };
  });
  build.onLoad({ filter: /.*/, namespace: "require" }, ({ path }) => ({
    contents: `import it from "node:${path}"; module.exports = it;`,
    loader: "js",
  }));
}

/** Loaders of native code, by package name. */
const nativeLoaders = /^(?:bindings|node-gyp-build(?:-optional-packages)?|node-pre-gyp|@mapbox\/node-pre-gyp)$/;

function refuseNative(build: PluginBuild): void {
  build.onResolve({ filter: nativeLoaders }, (args) => refuseIfFound(build, args));
  build.onResolve({ filter: /\.node$/ }, (args) => refuseIfFound(build, args));
}

async function refuseIfFound(
  build: PluginBuild,
  { path, importer, kind, resolveDir, pluginData }: OnResolveArgs,
): Promise<OnResolveResult | undefined> {
  if (pluginData === refuseNative) return undefined;
  const found = await build.resolve(path, { resolveDir, importer, kind, pluginData: refuseNative });
  if (found.errors.length > 0) return undefined;
  const owner = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(importer.replaceAll("\\", "/"))?.[1];
  const what = owner ? `the package ${owner}` : path;
  return refusal(
    new UserError(
      "NATIVE_MODULE",
      `${what} needs native code, which is built for one machine`,
      "Use a package in plain JavaScript or WebAssembly instead.",
    ),
  );
}

const refusal = (error: UserError): OnResolveResult => ({ errors: [{ text: error.message, detail: error }] });

/** `import module from "./x.wasm"` gives a compiled module, as workerd does, from bytes inside the bundle. */
function loadWasm(build: PluginBuild): void {
  build.onLoad({ filter: /\.wasm$/, namespace: "file" }, async ({ path, with: attributes }) => {
    if (attributes["type"] === "bytes") return { contents: await readFile(path), loader: "binary" };
    const contents = `import bytes from ${JSON.stringify(`./${basename(path)}`)} with { type: "bytes" }; export default new WebAssembly.Module(bytes);`;
    return { contents, loader: "js", resolveDir: dirname(path) };
  });
}
