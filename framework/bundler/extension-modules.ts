/** Extensions in bundles: the generated `portico/extension` of each, and which of them a function imports. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Metafile, OnResolveResult, PluginBuild } from "esbuild";
import type { App } from "../model/app.ts";
import type { Extension } from "../model/extension.ts";
import type { BuiltFunction } from "../model/manifest.ts";
import { UserError } from "../model/user-error.ts";
import { packageFolder, packageOf } from "./package-paths.ts";

/** The part of an app that bundles depend on. */
export type BundledExtension = Pick<Extension, "name" | "folder" | "settings">;

const prefix = "extension/";

/** An app's part of the options of a build. */
export const extensionsOf = ({
  extensions,
}: {
  readonly extensions?: App["extensions"] | undefined;
}): { readonly extensions?: readonly BundledExtension[] } => (extensions === undefined ? {} : { extensions });

/**
 * The package that imports `portico/extension` decides which module it gets, so that a package reads its own settings
 * and no other's.
 */
export function resolveExtensions(
  build: PluginBuild,
  { root, extensions = [] }: { readonly root: string; readonly extensions?: readonly BundledExtension[] },
): void {
  build.onResolve({ filter: /^portico\/extension$/ }, ({ importer }): OnResolveResult => {
    const found = extensions.find(({ folder }) => isIn(join(root, folder), importer));
    if (found) return { path: prefix + found.name, namespace: "portico", sideEffects: false };
    const error = unlisted(extensionAt(importer)?.name ?? packageOf(importer));
    return { errors: [{ text: error.message, detail: error }] };
  });
}

/** The text of a generated module; undefined for others. JSON.parse takes `__proto__` for a name as any other. */
export function extensionModule(extensions: readonly BundledExtension[] | undefined, path: string): string | undefined {
  const found = extensions?.find(({ name }) => path === prefix + name);
  return found && `export const settings = () => JSON.parse(${JSON.stringify(JSON.stringify(found.settings))});\n`;
}

/** As the manifest has them. @param keys of the function's inputs in the metafile, relative to the app's real root */
export function importedExtensions(
  { extensions = [] }: Pick<App, "extensions">,
  keys: Iterable<keyof Metafile["inputs"]>,
): Pick<BuiltFunction, "extensions"> {
  if (extensions.length === 0) return {};
  const inputs = [...keys].map(String);
  const imported = extensions.filter(({ folder }) => inputs.some((key) => isIn(folder, key))).map(({ name }) => name);
  return imported.length > 0 ? { extensions: imported } : {};
}

/**
 * A warning for each package with data that hosting.json does not list: its policies and secrets would be missing only
 * once it runs. @param files absolute paths of what a build read
 */
export function unlistedExtensions(
  { root, extensions = [] }: Pick<App, "root" | "extensions">,
  files: Iterable<string>,
): readonly string[] {
  const listed = new Set(extensions.map(({ folder }) => slashed(join(root, folder))));
  const found = new Set([...files].map((file) => packageFolder(file) ?? dirname(slashed(file))));
  const unlisted = new Set<string>();
  for (const path of found) {
    const extension = extensionAt(path);
    if (extension && !listed.has(extension.folder)) unlisted.add(extension.name);
  }
  return [...unlisted].map((name) => {
    const fix = `"extensions": { "${name}": {} }`;
    return `${name} brings settings, secrets or policies, and hosting.json does not list it: ${fix}`;
  });
}

/**
 * The extension that a file or folder is in: the nearest package.json with a name has its data. The path of a linked
 * one has no node_modules.
 */
function extensionAt(path: string): { readonly name: string; readonly folder: string } | undefined {
  for (let folder = slashed(path); ; folder = dirname(folder)) {
    const { name, portico } = readPackage(folder);
    if (name !== undefined) return typeof portico === "object" && portico !== null ? { name, folder } : undefined;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Empty for a folder without one that can be read. */
function readPackage(folder: string): { readonly name?: string; readonly portico?: unknown } {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly portico?: unknown };
  } catch {
    return {};
  }
}

/** Whether a file is in a package's folder, and not in a package inside of it. */
const isIn = (folder: string, file: string): boolean =>
  slashed(file).startsWith(`${slashed(folder)}/`) && !slashed(file).slice(folder.length).includes("/node_modules/");

const slashed = (path: string): string => path.replaceAll("\\", "/");

const unlisted = (name: string | undefined): UserError =>
  name === undefined
    ? new UserError(
        "EXTENSION_UNLISTED",
        `portico/extension is for packages under "extensions" of hosting.json, and this file is in none of them`,
        `Read "env" of hosting.json from context.env instead; of an extension in development, install its folder: ` +
          `npm install ./folder, and list its name under "extensions".`,
      )
    : new UserError(
        "EXTENSION_UNLISTED",
        `${name} reads its settings, and hosting.json does not list it under "extensions"`,
        `Write "extensions": { "${name}": {} } into hosting.json, and its settings into the braces.`,
      );
