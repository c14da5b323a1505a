/** Recognises errors from a package's build for browsers, which Workers get in place of the one for Node. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { packageFolder, packageOf } from "../bundler/package-paths.ts";

/**
 * The name of the package that threw, if it has a build for browsers; undefined for the app's own code and for packages
 * that are the same everywhere.
 * @param source of the innermost frame, relative to `root` or absolute
 * @param root absolute path of the app
 */
export async function findBrowserBuild(source: string | undefined, root: string): Promise<string | undefined> {
  const folder = source === undefined ? undefined : packageFolder(source);
  if (source === undefined || folder === undefined) return undefined;
  const text = await readFile(resolve(root, folder, "package.json"), "utf8").catch(() => "{}");
  return "browser" in (JSON.parse(text) as object) ? packageOf(source) : undefined;
}

/** Says where the error comes from, and what to do. @param name of the package */
export const browserBuildText = (name: string): string =>
  `The error comes from the package ${name}. Workers get its build for browsers ("browser" in its package.json), ` +
  "which may lack what the build for Node has: see whether its documentation names Cloudflare Workers. " +
  "portico dev --target lambda runs the route with the build for Node.";
