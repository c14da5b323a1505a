/**
 * Runs first in an environment and in the threads of its function: restores calls that the permission model refuses
 * beyond file writes, and resolves modules only where Lambda would find them.
 */

// An import would read every export, which loads as much again (docs/decisions/036).
const fs = process.getBuiltinModule("fs");
const path = process.getBuiltinModule("path");
const { pathToFileURL } = process.getBuiltinModule("url");
const modules = process.getBuiltinModule("module");

// Node passes the permission flags to the Node processes that a function starts, where each prints a warning.
const permissionFlag = /^--(permission$|allow-|disable-warning=SecurityWarning$|require=.*preload\.cjs$)/;
process.execArgv.splice(
  0,
  process.execArgv.length,
  ...process.execArgv.filter((argument) => !permissionFlag.test(argument)),
);

if (process.permission) restoreFileCalls();
// Node before 22.15 has no registerHooks; modules beside the build are then found here and not on Lambda.
modules.registerHooks?.({ resolve: resolveAsOnLambda });

/** The permission model refuses calls on open files, wherever they are. */
function restoreFileCalls() {
  // A temporary folder ends with its environment, so flushing to disk has no effect.
  for (const name of ["fsync", "fdatasync"]) {
    fs[`${name}Sync`] = () => {};
    fs[name] = (_descriptor, done) => process.nextTick(done, null);
  }
  // By the path of the open file, which the permission model checks; only Linux tells it.
  if (process.platform === "linux") {
    const pathOf = (descriptor) => fs.readlinkSync(`/proc/self/fd/${descriptor}`);
    for (const name of ["chmod", "chown", "utimes"]) {
      fs[`f${name}Sync`] = (descriptor, ...values) => fs[`${name}Sync`](pathOf(descriptor), ...values);
      fs[`f${name}`] = (descriptor, ...values) => fs[name](pathOf(descriptor), ...values);
    }
  }
  modules.syncBuiltinESMExports();
}

// ── modules: the zip's, Node's, layers and the SDK; never those in folders beside or above the build ──

/** Folder URLs of modules that may resolve as Node does: the runtime client's and the SDK's. */
const unrestricted = new Set();
let lambdaFolders;

/** The `resolve` hook of module.registerHooks: import, require, require.resolve and import.meta.resolve call it. */
function resolveAsOnLambda(specifier, context, next) {
  const resolved = next(specifier, context);
  const { url } = resolved;
  if (!url.startsWith("file:") || isOnLambda(url)) return resolved;
  const { parentURL } = context;
  // The runtime client and modules of --import have a folder as their parent; none of them is in a zip.
  const isEntry = parentURL === undefined || parentURL.endsWith("/");
  const isAllowed =
    isEntry || isLinked(url) || isUnrestricted(parentURL) || /\/node_modules\/@(?:aws-sdk|smithy)\//.test(url);
  // Node 22.18 gives a require a Set of conditions.
  if (!isAllowed) throw notFound(specifier, parentURL, [...context.conditions].includes("require"));
  unrestricted.add(packageFolder(url));
  return resolved;
}

/** A package of the zip, which in development is a link into the app's node_modules. */
function isLinked(url) {
  const { LAMBDA_TASK_ROOT: root } = process.env;
  const folder = packageFolder(url);
  const [, name] = /.*\/node_modules\/(.+)\/$/.exec(folder) ?? [];
  const link = root && name && path.join(root, "node_modules", decodeURIComponent(name));
  return Boolean(link) && fs.existsSync(link) && `${pathToFileURL(fs.realpathSync(link)).href}/` === folder;
}

const isUnrestricted = (url) => unrestricted.values().some((folder) => url.startsWith(folder));

const packageFolder = (url) =>
  /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(url)?.[0] ?? url.slice(0, url.lastIndexOf("/") + 1);

function isOnLambda(url) {
  // A spare process has no task root yet (spare-process.ts); until then only the runtime client loads.
  if (!process.env.LAMBDA_TASK_ROOT) return false;
  lambdaFolders ??= foldersOf(process.env);
  return lambdaFolders.some((folder) => url.startsWith(folder));
}

/** The task root, layers and writable folders; /tmp and the like only where the app itself does not lie in them. */
function foldersOf({ LAMBDA_TASK_ROOT, TMPDIR }) {
  const root = realPath(LAMBDA_TASK_ROOT);
  const apart = [TMPDIR, ...(process.platform === "win32" ? [] : ["/tmp", "/opt", "/var/runtime"])].map(realPath);
  return [root, ...apart.filter((folder) => !`${root}${path.sep}`.startsWith(`${folder}${path.sep}`))].map(
    (folder) => `${pathToFileURL(folder).href.replace(/\/$/, "")}/`,
  );
}

function realPath(folder) {
  try {
    return fs.realpathSync(folder);
  } catch {
    return path.resolve(folder);
  }
}

/** Node's own error texts and codes, which packages check. */
function notFound(specifier, parentURL, isRequire) {
  const from = parentURL.startsWith("file:") ? process.getBuiltinModule("url").fileURLToPath(parentURL) : parentURL;
  if (isRequire) {
    const error = new Error(`Cannot find module '${specifier}'\nRequire stack:\n- ${from}`);
    return Object.assign(error, { code: "MODULE_NOT_FOUND", requireStack: [from] });
  }
  const kind = /^(?:\.{0,2}\/|file:)/.test(specifier) ? "module" : "package";
  return Object.assign(new Error(`Cannot find ${kind} '${specifier}' imported from ${from}`), {
    code: "ERR_MODULE_NOT_FOUND",
  });
}
