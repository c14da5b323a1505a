/** Packages that hosting.json excludes from bundles with `external` or `packages`: how imports of them are bundled. */
import type { Metafile, OnResolveArgs, OnResolveResult, PluginBuild } from "esbuild";
import type { App } from "../model/app.ts";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";

const namespace = "external";

/**
 * Keeps `import`s as they are, so that Node resolves them when the function starts. A `require` becomes a module that
 * tries to load the package at run time, and explains the setting where it is missing.
 */
export function resolveExternals(
  build: PluginBuild,
  { external = [], target }: { readonly external?: readonly string[]; readonly target: Target },
): void {
  if (external.length === 0) return;
  const names = external.map((name) => name.replaceAll(/[.+?^$()|[\]{}\\]/g, "\\$&").replace("*", "[^/]+"));
  build.onResolve({ filter: new RegExp(`^(?:${names.join("|")})(?:/|$)`) }, (args) => resolveExternal(target, args));
  build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({ contents: requireModule(target, path), loader: "js" }));
}

function resolveExternal(target: Target, { path, kind }: OnResolveArgs): OnResolveResult {
  if (kind === "require-call") return { path, namespace };
  if (target !== "workers" || kind !== "import-statement") return { path, external: true };
  const message = `${path} is imported when the Worker starts, and "external" in hosting.json excludes it`;
  const error = new UserError(
    "BUILD_FAILED",
    message,
    `Remove it from "external" and install it, or import it only where it is used: await import("${path}").`,
  );
  return { errors: [{ text: error.message, detail: error }] };
}

const remedies: Readonly<Record<Target, string>> = {
  node: "install it where the app runs",
  lambda: "bundle it, or put it into a layer",
  workers: "a Worker has no node_modules, so bundle it",
};

/** The name is in a variable, so that esbuild does not try to resolve it. */
function requireModule(target: Target, path: string): string {
  const text = `Cannot find module '${path}': "external" in hosting.json excludes it; ${remedies[target]}`;
  const notFound = `Object.assign(new Error(${JSON.stringify(text)}), { code: "MODULE_NOT_FOUND" })`;
  if (target === "workers") return `module.exports = {}; throw ${notFound};`;
  return `const name = ${JSON.stringify(path)};
try { module.exports = require(name); }
catch (cause) {
  const isName = cause.code === "MODULE_NOT_FOUND" && cause.message.startsWith("Cannot find module '" + name + "'");
  throw isName ? Object.assign(${notFound}, { cause }) : cause;
}
`;
}

/**
 * The packages that are not bundled for a target. Lambda's `packages` are installed into its zips, and Node finds them
 * in node_modules.
 */
export const externalPackages = (
  { external, lambda }: Pick<App, "external" | "lambda">,
  target: Target,
): readonly string[] => (target === "workers" ? external : [...external, ...(lambda.packages ?? [])]);

/** The packages among these that a function imports. @param keys of the function's inputs in the metafile */
export function importedPackages(
  { inputs }: Pick<Metafile, "inputs">,
  keys: Iterable<string>,
  packages: readonly string[],
): readonly string[] {
  if (packages.length === 0) return [];
  const paths = [...keys].flatMap((key) => [
    ...(key.startsWith(`${namespace}:`) ? [key.slice(namespace.length + 1)] : []),
    ...(inputs[key]?.imports ?? []).flatMap(({ path, external }) => (external ? [path] : [])),
  ]);
  return packages.filter((name) => paths.some((path) => path === name || path.startsWith(`${name}/`)));
}
