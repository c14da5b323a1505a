/** Native code in packages: its replacement in bundles, and the check that a function can run without it. */
import { existsSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import {
  build,
  type BuildOptions,
  type Loader,
  type Metafile,
  type OnResolveArgs,
  type OnResolveResult,
  type PluginBuild,
} from "esbuild";
import { codeFrame } from "../model/code-frame.ts";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import { chainText, pathFromEntry } from "./import-chain.ts";
import { packageFolder, packageOf } from "./package-paths.ts";

/** Loaders of native code, by package name. */
const loaders = /^(?:bindings|node-gyp-build(?:-optional-packages)?|node-pre-gyp|@mapbox\/node-pre-gyp)$/;

const namespace = "native";

/**
 * Replaces native code by a module that throws when it is required, as a package that was never compiled does.
 * `checkNativeModules` decides after bundling whether a function can run like that.
 */
export function replaceNativeModules(build: PluginBuild): void {
  build.onResolve({ filter: loaders }, (args) => replacement(build, args));
  build.onResolve({ filter: /\.node$/ }, (args) => replacement(build, args));
  build.onLoad({ filter: /.*/, namespace }, ({ path }) => {
    const message = JSON.stringify(`Cannot find module '${path}': bundles contain no native code`);
    return {
      contents: `module.exports = {}; throw Object.assign(new Error(${message}), { code: "MODULE_NOT_FOUND" });`,
      loader: "js",
    };
  });
}

async function replacement(
  build: PluginBuild,
  { path, importer, kind, resolveDir, pluginData }: OnResolveArgs,
): Promise<OnResolveResult | undefined> {
  if (pluginData === replaceNativeModules || kind === "require-resolve") return undefined;
  const found = await build.resolve(path, { resolveDir, importer, kind, pluginData: replaceNativeModules });
  // Native code that is not compiled is treated like compiled code; a missing loader is a package to install.
  const isUnbuilt = path.endsWith(".node") && packageOf(importer) !== undefined;
  return found.errors.length > 0 && !isUnbuilt ? undefined : { path, namespace };
}

/** A bundled function. */
export interface BundledFunction {
  readonly metafile: Metafile;
  /** The metafile's key of its generated entry. */
  readonly entry: string;
  /** Its routes' files, for messages, since another bundle may contain the entry's imports. */
  readonly files: readonly string[];
}

/**
 * Warnings about optional native code that is left out. Throws UserError NATIVE_MODULE for native code that is
 * required.
 * @param root absolute path of the app
 */
export async function checkNativeModules(
  root: string,
  target: Target,
  { metafile, entry, files }: BundledFunction,
): Promise<readonly string[]> {
  const { inputs } = metafile;
  const isNative = (key: string): boolean => key.startsWith(`${namespace}:`) || hasPlatformParts(root, key);
  const importers = nativeImporters.get(metafile) ?? importersOfNative(metafile, isNative);
  nativeImporters.set(metafile, importers);
  if (!importers.has(entry)) return [];
  const notes = new Set<string>();
  const from = new Map<string, string>([[entry, ""]]);
  for (const [key] of from) {
    if (isNative(key)) throw nativeModuleError(root, target, key, pathFromEntry(from, key), files[0]);
    const next = (inputs[key]?.imports ?? []).filter(({ path, external }) => !external && importers.has(path));
    const optional = await optionalImports(root, key, next);
    for (const { path, original } of next) {
      if (!optional.has(original ?? "")) from.set(path, from.get(path) ?? key);
      else
        notes.add(
          `${packageOf(key) ?? key} runs without ${original}, which needs native code and is required inside a try, ` +
            placeText(root, key, original ?? ""),
        );
    }
  }
  return [...notes];
}

/** Cached by metafile, since one describes many functions. */
const nativeImporters = new WeakMap<Metafile, ReadonlySet<string>>();

/** The inputs that import native code, directly or not. */
function importersOfNative({ inputs }: Metafile, isNative: (key: string) => boolean): ReadonlySet<string> {
  const importers = new Map<string, string[]>();
  const found = new Set<string>();
  for (const [key, { imports }] of Object.entries(inputs)) {
    if (isNative(key)) found.add(key);
    for (const { path, external } of imports) if (!external) importers.set(path, [...(importers.get(path) ?? []), key]);
  }
  for (const key of found) for (const importer of importers.get(key) ?? []) found.add(importer);
  return found;
}

/**
 * By package.json: whether the package has a package of its own per platform, which it loads by a computed name that no
 * bundler sees.
 */
const platformPackages = new Map<string, boolean>();
const platforms = /-(?:darwin|linux|linuxmusl|win32)(?:32)?-(?:x64|arm64|ia32|arm)\b/;

function hasPlatformParts(root: string, key: string): boolean {
  const folder = packageFolder(key);
  if (folder === undefined) return false;
  const path = join(root, folder, "package.json");
  const hasParts = platformPackages.get(path) ?? (existsSync(path) && readsPlatformParts(readFileSync(path, "utf8")));
  platformPackages.set(path, hasParts);
  return hasParts;
}

function readsPlatformParts(text: string): boolean {
  const { optionalDependencies } = JSON.parse(text) as {
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  };
  return Object.keys(optionalDependencies ?? {}).some((name) => platforms.test(name.replace("/", "-")));
}

type Imports = Metafile["inputs"][string]["imports"];

/**
 * The imports of a file that are inside a `try`, or whose rejection is caught. esbuild tolerates exactly those when
 * they cannot be resolved, so each is bundled alone without a folder to resolve from.
 */
async function optionalImports(root: string, key: string, imports: Imports): Promise<ReadonlySet<string>> {
  const names = imports
    .filter(({ kind }) => kind === "require-call" || kind === "dynamic-import")
    .map(({ original }) => original ?? "");
  const file = join(root, key);
  if (names.length === 0 || !existsSync(file)) return new Set();
  const contents = readFileSync(file, "utf8");
  const extension = extname(file).slice(1).replace(/^[cm]/, "");
  const optional = new Set<string>();
  for (const name of new Set(names)) {
    const others = {
      name: "others",
      setup: (probing: PluginBuild) =>
        probing.onResolve({ filter: /.*/ }, ({ path }) => (path === name ? undefined : { path, external: true })),
    };
    const stdin = { contents, loader: extension as Loader };
    const probe: BuildOptions = {
      bundle: true,
      write: false,
      platform: "node",
      format: "esm",
      logLevel: "silent",
      plugins: [others],
      stdin,
    };
    const fails = await build(probe).then(
      () => false,
      () => true,
    );
    if (!fails) optional.add(name);
  }
  return optional;
}

function placeText(root: string, key: string, name: string): string {
  const { file, line, column } = placeOf(root, key, name);
  return `at ${file}${line === undefined ? "" : `:${line}:${column}`}`;
}

/** The place of a specifier's first occurrence in a file. */
function placeOf(
  root: string,
  key: string,
  name: string,
): { readonly file: string; readonly line?: number; readonly column?: number; readonly frame?: string } {
  const file = join(root, key);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const offset = Math.max(text.indexOf(`"${name}"`), text.indexOf(`'${name}'`));
  return offset < 0 ? { file: key } : { file: key, ...codeFrame(text, offset, name.length + 2) };
}

function nativeModuleError(
  root: string,
  target: Target,
  key: string,
  path: readonly string[],
  route: string | undefined,
): UserError {
  const importer = path.at(-2) ?? "";
  const name = packageOf(key) ?? packageOf(importer);
  const subject = name ? `the package ${name}` : basename(key.replace(/^native:/, ""));
  const at = key.startsWith(`${namespace}:`)
    ? placeOf(root, importer, key.slice(namespace.length + 1))
    : { file: importer };
  const chain = chainText(path, route);
  return new UserError(
    "NATIVE_MODULE",
    `${subject} needs native code, which is compiled for one platform${chain}`,
    fixes[target](name),
    { at },
  );
}

const fixes: Readonly<Record<Target, (name: string | undefined) => string>> = {
  lambda: (name) =>
    name
      ? `Install it into the function instead: "lambda": { "packages": ["${name}"] } in hosting.json.`
      : 'Move it into a package, and list that in "packages" under "lambda" in hosting.json.',
  node: (name) =>
    name
      ? `Exclude it from the bundle: "external": ["${name}"] in hosting.json; Node then finds it in node_modules.`
      : 'Move it into a package, and list that in "external" in hosting.json.',
  workers: () => "Workers run no native code: use a package in plain JavaScript or WebAssembly instead.",
};
