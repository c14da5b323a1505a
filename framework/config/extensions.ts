/** Loads the extensions of an app: finds the packages, reads their data and checks the app's settings of them. */
import { readFileSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import type { IamStatement } from "../model/app.ts";
import type { Extension } from "../model/extension.ts";
import { UserError } from "../model/user-error.ts";
import { broken } from "./broken-extension.ts";
import { type Document, keyNode, type Node, parseDocument, placeOf, properties, valueOf } from "./document.ts";
import { validateDocument } from "./document-validation.ts";
import { extensionData } from "./extension-rules.ts";
import { checkExtensionSettings } from "./extension-settings.ts";
import { ownVersion } from "./own-version.ts";
import { settingNode } from "./settings-validation.ts";
import type { Settings } from "./stage-settings.ts";

/** `portico` in the package.json of an extension. */
interface ExtensionData {
  readonly settings?: string;
  readonly secrets?: readonly string[];
  readonly policies?: readonly IamStatement[];
  readonly migrations?: string;
  readonly requires?: string;
}

/** An installed extension. */
interface InstalledExtension {
  readonly name: string;
  /** Absolute path, links resolved. */
  readonly folder: string;
  /** Its package.json, and the node of its data. */
  readonly file: Document;
  readonly node: Node;
  readonly data: ExtensionData;
}

/**
 * Reads files of the packages and runs nothing of them. Throws UserError EXTENSION_MISSING for one that is not
 * installed, EXTENSION_DATA for one whose data are wrong, EXTENSION_REQUIRES for one that wants another version of
 * Portico, CONFIG_KEY or CONFIG_VALUE for settings that its schema refuses or names that the app has already.
 */
export async function loadExtensions(
  root: string,
  document: Document,
  settings: Settings,
  stage: string,
): Promise<readonly Extension[]> {
  const real = realpathSync(root);
  const loaded: Extension[] = [];
  for (const [name, own] of Object.entries(settings.extensions ?? {})) {
    const nodeOf = (path: readonly (string | number)[]): Node => settingNode(document.tree, stage, path);
    const at = placeOf(document, keyNode(nodeOf(["extensions", name])));
    const installed = readExtension(real, name, at);
    await checkRequired(installed, at);
    checkNames(installed, settings, at);
    await checkExtensionSettings(installed, own, document, (path) => nodeOf(["extensions", name, ...path]));
    loaded.push(toExtension(real, installed, own));
  }
  return loaded;
}

/** Checks the settings of a stage that is not loaded; what it alone lists need not be installed. Throws as above. */
export async function checkStageExtensions(
  root: string,
  document: Document,
  settings: Settings,
  stage: string,
): Promise<void> {
  const real = realpathSync(root);
  for (const [name, own] of Object.entries(settings.extensions ?? {})) {
    if (findPackage(real, name) === undefined) continue;
    const nodeOf = (path: readonly (string | number)[]): Node =>
      settingNode(document.tree, stage, ["extensions", name, ...path]);
    const installed = readExtension(real, name, placeOf(document, keyNode(nodeOf([]))));
    await checkExtensionSettings(installed, own, document, nodeOf);
  }
}

type Named = Pick<InstalledExtension, "name" | "folder">;
type Places = UserError["at"][number];

function readExtension(root: string, name: string, at: Places): InstalledExtension {
  const folder = findPackage(root, name);
  if (folder === undefined)
    throw new UserError(
      "EXTENSION_MISSING",
      `the extension ${name} is not installed`,
      `Run npm install ${name}, or remove it from "extensions" in hosting.json.`,
      { at },
    );
  const file = parseDocument(shown(root, join(folder, "package.json")), readText(join(folder, "package.json")));
  const node = properties(file.tree).find(({ key }) => key === "portico")?.value;
  if (!node)
    throw new UserError(
      "EXTENSION_DATA",
      `${name} is no extension: its package.json has no "portico"`,
      `Remove it from "extensions" in hosting.json; a package without settings, secrets, policies and migrations is ` +
        `only imported.`,
      { at },
    );
  checkData({ name, folder }, { ...file, tree: node });
  return { name, folder, file, node, data: valueOf(node) as ExtensionData };
}

/** A mistake in the data is one of the extension's author. */
function checkData(extension: Named, data: Document): void {
  try {
    validateDocument(data, extensionData, `"portico" in its package.json`);
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    throw broken(extension, cause.message, cause.fix, cause.at);
  }
}

/** The package's real folder, in the nearest node_modules at or above the root, as Node and esbuild find it. */
function findPackage(root: string, name: string): string | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const found = realPath(join(folder, "node_modules", name));
    if (found !== undefined && readText(join(found, "package.json")) !== "") return found;
    if (dirname(folder) === folder) return undefined;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Empty for a file that is not there. */
function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}

/** For messages, and in the manifest: relative to the app's root. */
const shown = (root: string, path: string): string => relative(root, path).replaceAll(sep, "/");

async function checkRequired({ name, folder, file, node, data }: InstalledExtension, at: Places): Promise<void> {
  const { requires } = data;
  if (requires === undefined) return;
  const { default: semver } = await import("semver");
  if (semver.validRange(requires) === null)
    throw dataError(
      { name, folder },
      file,
      nodeOfKey(node, "requires"),
      `"requires" cannot be "${requires}"`,
      "a range of versions",
    );
  const version = ownVersion();
  if (semver.satisfies(version, requires, { includePrerelease: true })) return;
  throw new UserError(
    "EXTENSION_REQUIRES",
    `the extension ${name} requires Portico ${requires}, and this is ${version}`,
    `Run npm install "portico@${requires}", or install a version of ${name} for this one: npm view ${name} versions.`,
    { at },
  );
}

/** A secret of an extension cannot be an env or a binding of the app, and its code has to be in the bundles. */
function checkNames({ name, data }: InstalledExtension, settings: Settings, at: Places): void {
  const { env = {}, databases = {}, workers, external = [], lambda } = settings;
  const taken = Object.entries({ env, databases, bindings: workers?.bindings ?? {} });
  for (const secret of data.secrets ?? []) {
    const [place] = taken.find(([, names]) => Object.hasOwn(names, secret)) ?? [];
    if (place !== undefined)
      throw new UserError(
        "CONFIG_VALUE",
        `"${secret}" is in "${place}" and is a secret of the extension ${name}`,
        `Rename it in "${place}": each name in context.env has one meaning.`,
        { at },
      );
  }
  const scope = `${name.split("/")[0]}/*`;
  if (![...external, ...(lambda?.packages ?? [])].some((one) => one === name || one === scope)) return;
  throw new UserError(
    "CONFIG_VALUE",
    `the extension ${name} cannot be in "external" or "packages": a bundle gives it its settings`,
    `Remove it there; name the packages that it needs instead.`,
    { at },
  );
}

function toExtension(root: string, installed: InstalledExtension, settings: Extension["settings"]): Extension {
  const { name, folder, data } = installed;
  const { secrets = [], policies = [], migrations } = data;
  return {
    name,
    folder: shown(root, folder),
    settings,
    ...(secrets.length > 0 && { secrets }),
    ...(policies.length > 0 && { policies }),
    ...(migrations !== undefined && { migrations: shown(root, migrationsFolder(installed, migrations)) }),
  };
}

function migrationsFolder({ name, folder, file, node }: InstalledExtension, path: string): string {
  const found = join(folder, path);
  if (filesIn(found) > 0) return found;
  const message = `"migrations" is "${path}", where the package has no files`;
  throw dataError({ name, folder }, file, nodeOfKey(node, "migrations"), message, 'a folder that its "files" publish');
}

function filesIn(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return 0;
    throw error;
  }
}

const nodeOfKey = (node: Node, key: string): Node => properties(node).find((one) => one.key === key)?.value ?? node;

/** @param wanted completes "Write …" */
const dataError = (extension: Named, file: Document, node: Node, message: string, wanted: string): UserError =>
  broken(extension, message, `Write ${wanted}.`, [placeOf(file, node)]);
