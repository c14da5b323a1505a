/** Restricts a built app on Node to the packages of node_modules that hosting.json declares. */
import { realpathSync } from "node:fs";
import module, { isBuiltin } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The pattern of the declared packages by the URL of a folder of bundles; the process's one hook reads all of them. */
const patterns = new Map<string, RegExp>();

/**
 * From now on, modules in the folder and below it can import files of the folder, Node's modules and these packages;
 * the packages themselves are not restricted. Otherwise an app could depend on a package that happens to be in a folder
 * above its build, and fail where the build is deployed alone.
 * @param folder absolute path
 * @param packages names; `@scope/*` stands for all of a scope
 */
export function restrictPackages(folder: string, packages: readonly string[]): void {
  if (patterns.size === 0) module.registerHooks({ resolve });
  patterns.set(`${pathToFileURL(realpathSync(folder)).href}/`, packagePattern(packages));
}

/** Matches the import specifiers of these packages. */
function packagePattern(packages: readonly string[]): RegExp {
  const names = packages.map((name) => name.replaceAll(/[.+?^$()|[\]{}\\]/g, "\\$&").replace("*", "[^/]+"));
  return names.length ? new RegExp(`^(?:${names.join("|")})(?:/|$)`) : /^\b$/;
}

/** Specifiers that are paths or URLs, which are not restricted. */
const isPath = /^(?:\.{0,2}\/|[a-z]+:|#)/;

/** The hook for module.registerHooks. */
const resolve: module.ResolveHookSync = (specifier, context, next) => {
  const { parentURL } = context;
  const folder = parentURL === undefined ? undefined : [...patterns.keys()].find((one) => parentURL.startsWith(one));
  const found = next(specifier, context);
  if (folder === undefined || isPath.test(specifier) || isBuiltin(specifier) || patterns.get(folder)!.test(specifier))
    return found;
  if (found.url.startsWith(folder)) return found;
  // Node 22.18 gives a require a Set of conditions.
  throw notFoundError(specifier, parentURL ?? "", [...context.conditions].includes("require"));
};

/** An error with Node's message and code, which packages check. */
function notFoundError(specifier: string, parentURL: string, isRequire: boolean): Error {
  const from = fileURLToPath(parentURL.replace(/\?.*$/, ""));
  const fix = 'name it in "external" of hosting.json to find it in node_modules';
  if (isRequire) {
    const error = new Error(`Cannot find module '${specifier}'; ${fix}\nRequire stack:\n- ${from}`);
    return Object.assign(error, { code: "MODULE_NOT_FOUND", requireStack: [from] });
  }
  return Object.assign(new Error(`Cannot find package '${specifier}' imported from ${from}; ${fix}`), {
    code: "ERR_MODULE_NOT_FOUND",
  });
}
