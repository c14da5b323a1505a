/**
 * Loads an app's configuration: reads and validates hosting.json, applies a stage's overrides and fills in defaults.
 */
import { readFile } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import type { App } from "../model/app.ts";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import { validateDocument } from "./document-validation.ts";
import { validateSettings } from "./settings-validation.ts";
import { type Document, parseDocument, valueOf } from "./document.ts";
import { checkStageExtensions, loadExtensions } from "./extensions.ts";
import { appName, hosting } from "./hosting-rules.ts";
import { mergeStage, type HostingFile, toApp } from "./stage-settings.ts";

/** The app's folder, and how to read it. */
export interface LoadOptions {
  /** The folder that holds functions/ and hosting.json. */
  readonly root: string;
  readonly stage: string;
  /** Path of the configuration file, relative to the root or absolute; hosting.json by default. */
  readonly config?: string;
  /** Overrides the file's targets. */
  readonly target?: Target;
}

/**
 * Reads this one file, and the data of the extensions that it lists. Without hosting.json the app is named after its
 * folder and has the defaults; a stage need not be listed. Throws UserError CONFIG_SYNTAX, CONFIG_KEY, CONFIG_VALUE or
 * CONFIG_MISSING with the place, BAD_STAGE, and those of `loadExtensions`; a mistake in another stage's settings, too.
 */
export async function loadApp({ root, stage, config, target }: LoadOptions): Promise<App> {
  if (!new RegExp(appName.pattern).test(stage))
    throw new UserError("BAD_STAGE", `"${stage}" cannot be a stage's name`, `Write ${appName.description}.`);
  const folder = resolve(root);
  const document = await readDocument(folder, config);
  if (!document) return toApp(folder, stage, {}, target);
  validateDocument(document, hosting);
  const file = valueOf(document.tree) as HostingFile;
  const settings = mergeStage(file, stage);
  validateSettings(document, settings, stage);
  const extensions = settings.extensions ? await loadExtensions(folder, document, settings, stage) : [];
  for (const other of Object.keys(file.stages ?? {}))
    if (other !== stage) await checkStage(folder, document, file, other);
  return toApp(folder, stage, settings, target, extensions);
}

/** Of a stage that is not loaded, whose first deploy would else tell its mistakes. Throws as `loadApp`. */
async function checkStage(root: string, document: Document, file: HostingFile, stage: string): Promise<void> {
  const settings = mergeStage(file, stage);
  try {
    validateSettings(document, settings, stage);
    if (file.stages?.[stage]?.extensions) await checkStageExtensions(root, document, settings, stage);
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    const { code, message, fix, at } = cause;
    throw new UserError(code, `at stage ${stage}: ${message}`, fix, { at, cause });
  }
}

async function readDocument(root: string, config: string | undefined): Promise<Document | undefined> {
  const path = resolve(root, config ?? "hosting.json");
  const inside = relative(root, path);
  const file = inside.startsWith("..") || isAbsolute(inside) ? path : inside.replaceAll(sep, "/");
  try {
    return parseDocument(file, await readFile(path, "utf8"));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" && config === undefined) return undefined;
    if (code !== "ENOENT" && code !== "EISDIR" && code !== "EACCES") throw cause;
    throw new UserError(
      "CONFIG_MISSING",
      `cannot read ${file}`,
      "Check the path given with --config, and that the file is readable.",
      { cause },
    );
  }
}
