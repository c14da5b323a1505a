/** Portico's esbuild plugin: generated entries, the runtime's modules, Node's modules, WebAssembly and native code. */
import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { basename, dirname, extname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import type { OnResolveResult, Plugin, PluginBuild } from "esbuild";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import { type BundledExtension, extensionModule, resolveExtensions } from "./extension-modules.ts";
import { logModuleName } from "./log-module.ts";
import { declareCommonJsVariables } from "./commonjs-variables.ts";
import { resolveExternals } from "./external-packages.ts";
import { jobsClientName } from "./function-groups.ts";
import { lightClassesModule } from "./lambda/web-classes-module.ts";
import { replaceNativeModules } from "./native-modules.ts";
import { loadTemplates } from "./template-files.ts";

/** The options of module resolution in one build. */
export interface ResolutionOptions {
  /** Absolute path of the app. */
  readonly root: string;
  readonly target: Target;
  /** The text of generated modules by name; `portico:<name>` imports one. */
  readonly entries: ReadonlyMap<string, string>;
  /** Names of packages that are not bundled, as in hosting.json. */
  readonly external?: readonly string[];
  /** The folder of template names, as in hosting.json. */
  readonly templates?: string;
  /** Names of the app's secrets; absent where they do not matter. */
  readonly secrets?: readonly string[];
  /** None when absent. */
  readonly extensions?: readonly BundledExtension[];
}

/** The file extension of Portico's modules: `.ts` in the sources, `.js` in the published package. */
const extension = extname(fileURLToPath(import.meta.url));
const framework = fileURLToPath(new URL("../", import.meta.url));

/** Texts of Portico's files by name, read once per process, since each rebuild of dev loads them again. */
const ownTexts = new Map<string, string>();

/** The text of a module in the namespace `portico`, such as `light`, `entry/x` or `runtime/x.ts`. */
export async function porticoModuleText(
  { entries, extensions }: Pick<ResolutionOptions, "entries" | "extensions">,
  path: string,
): Promise<string> {
  if (path === "light") return lightClassesModule();
  const own = extensionModule(extensions, path);
  if (own !== undefined) return own;
  const text = entries.get(path) ?? ownTexts.get(path) ?? (await readFile(join(framework, path), "utf8"));
  if (!entries.has(path)) ownTexts.set(path, text);
  return text;
}

/** Its module names contain no absolute paths, so bundles and source maps are equal on every machine. */
export const porticoPlugin = (options: ResolutionOptions, development: boolean): Plugin => ({
  name: "portico",
  setup(build) {
    resolvePortico(build, options);
    resolveBuiltins(build, options.target);
    resolveExternals(build, options);
    replaceNativeModules(build);
    loadTemplates(build, { ...options, development });
    if (options.target === "workers") return;
    loadWasm(build);
    declareCommonJsVariables(build, options.target);
  },
});

const generatedModule = (path: string): OnResolveResult => ({ path, namespace: "portico", sideEffects: false });

/** A module of Portico that ships inside functions. @param name below framework/, without its extension */
const ownModule = (name: string): OnResolveResult => generatedModule(name + extension);

/** A module of Portico that imports others. */
const isOwn = (path: string): boolean => /^(?:runtime|features|model|migrations)\//.test(path);

/** Modules that are the same on every target, by their names. */
const everywhere: Readonly<Record<string, string>> = {
  "portico/resource": "features/resource/resource",
  "portico/client": "features/client/index",
  "portico/password": "features/session/password",
};

function resolvePortico(build: PluginBuild, options: ResolutionOptions): void {
  const { root, entries, target, secrets } = options;
  build.onResolve({ filter: /^portico:/ }, ({ path }) => ({
    path: path.slice("portico:".length),
    namespace: "portico",
  }));
  build.onResolve({ filter: /^portico\/(?:store|files|postgres)$/ }, ({ path }) =>
    ownModule(`features/${path.slice("portico/".length)}/${target}`),
  );
  build.onResolve({ filter: /^portico\/session$/ }, () =>
    secrets && !secrets.includes("SESSION_KEYS")
      ? failedResolution(sessionKeysError(secrets))
      : ownModule("features/session/index"),
  );
  resolveExtensions(build, options);
  build.onResolve({ filter: /^portico\/(?:resource|client|password)$/ }, ({ path }) => ownModule(everywhere[path]!));
  build.onResolve({ filter: /^portico\/(features|migrations)\// }, ({ path }) =>
    ownModule(path.replace("portico/", "")),
  );
  build.onResolve({ filter: /^portico\/jobs$/ }, () =>
    entries.has(jobsClientName) ? generatedModule(jobsClientName) : ownModule(`features/jobs/${target}`),
  );
  build.onResolve({ filter: /^portico\/log$/ }, () =>
    entries.has(logModuleName) ? generatedModule(logModuleName) : ownModule("features/log/index"),
  );
  build.onResolve({ filter: /^portico(?:\/|$)/ }, ({ path }) => {
    const name = /^portico(?:\/(?:runtime\/)?(?<name>[a-z-]+))?$/.exec(path);
    const module = name?.groups?.["name"] ?? "index";
    if (name && !["node", "testing", "register", "vitest"].includes(module)) return ownModule(`runtime/${module}`);
    return failedResolution(
      new UserError(
        "BUILD_FAILED",
        `${path} cannot be inside a function`,
        "Import from portico, portico/store, portico/files, portico/jobs, portico/log, portico/session, " +
          "portico/password, portico/postgres, portico/resource, portico/client, portico/extension, " +
          "portico/lambda or portico/workers.",
      ),
    );
  });
  build.onResolve({ filter: /^\.{1,2}\/[\w./-]+\.[jt]s$/, namespace: "portico" }, ({ path, importer }) =>
    isOwn(importer) ? ownModule(posix.join(posix.dirname(importer), path.slice(0, -extname(path).length))) : undefined,
  );
  build.onResolve({ filter: /^hono(?:\/|$)/, namespace: "portico" }, async ({ path, kind, importer }) => {
    if (!isOwn(importer)) return undefined;
    // The app's hono first, so that the app's middleware and Portico's share one copy.
    const found = await build.resolve(path, { resolveDir: root, kind });
    return found.errors.length === 0 ? found : build.resolve(path, { resolveDir: framework, kind });
  });
  // Portico's own dependency, which an app does not install.
  build.onResolve({ filter: /^iron-session$/, namespace: "portico" }, ({ path, kind }) =>
    build.resolve(path, { resolveDir: framework, kind }),
  );
  build.onLoad({ filter: /.*/, namespace: "portico" }, async ({ path }) => ({
    contents: await porticoModuleText(options, path),
    loader: path.endsWith(".ts") ? "ts" : "js",
    resolveDir: root,
  }));
}

const newBuiltins = builtinModules.filter((name) => name.startsWith("node:"));
const oldBuiltins = builtinModules.filter((name) => !name.startsWith("node:"));
/** With the optional prefix in front of all: esbuild tries this on every import, and then finds most names at once. */
const builtins = `(?:node:)?(?:${oldBuiltins.join("|")})|${newBuiltins.join("|")}`;

/**
 * Every target provides Node's modules as `node:*`. ES modules have no `require`: on Node it becomes the call that
 * loads the module where `require` did. An import would load all of them at the start and read each of their exports,
 * which loads more (docs/decisions/020). Workers import.
 */
function resolveBuiltins(build: PluginBuild, target: Target): void {
  build.onResolve({ filter: new RegExp(`^(?:${builtins})$`) }, ({ path, kind, namespace }) => {
    const name = path.replace(/^node:/, "");
    // Names that need the prefix are new ones. Another Node may lack them, and its own `require` tells so.
    const isNew = !builtinModules.includes(name);
    if (kind !== "require-call" || namespace === "require" || (isNew && target !== "workers"))
      return { path: `node:${name}`, external: true, sideEffects: false };
    return { path: name, namespace: "require" };
  });
  build.onLoad({ filter: /.*/, namespace: "require" }, ({ path }) => ({
    contents:
      target === "workers"
        ? `import builtin from "node:${path}"; module.exports = builtin;`
        : `module.exports = process.getBuiltinModule("node:${path}");`,
    loader: "js",
  }));
}

/** For an app that does not declare the keys of its sessions. */
const sessionKeysError = (secrets: readonly string[]): UserError =>
  new UserError(
    "SESSION_KEYS",
    "portico/session seals its cookies with the secret SESSION_KEYS, which hosting.json does not declare",
    `Write "secrets": ${JSON.stringify([...secrets, "SESSION_KEYS"])} into hosting.json. portico dev makes a key; ` +
      'for a stage, run portico secret set SESSION_KEYS="$(openssl rand -hex 32)" --stage NAME. ' +
      "Where passwords are all that is imported, portico/password has them without a key.",
  );

const failedResolution = (error: UserError): OnResolveResult => ({ errors: [{ text: error.message, detail: error }] });

/** Compiles `import module from "./x.wasm"` from bytes inside the bundle, as workerd does with files. */
function loadWasm(build: PluginBuild): void {
  build.onLoad({ filter: /\.wasm$/, namespace: "file" }, async ({ path, with: attributes }) => {
    if (attributes["type"] === "bytes") return { contents: await readFile(path), loader: "binary" };
    const contents =
      `import bytes from ${JSON.stringify(`./${basename(path)}`)} with { type: "bytes" }; ` +
      "export default new WebAssembly.Module(bytes);";
    return { contents, loader: "js", resolveDir: dirname(path) };
  });
}
