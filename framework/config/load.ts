/** Loads an app: its folder and a stage in, hosting.json checked, merged and defaulted out. */
import { readFile } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import type { App } from "../model/app.ts";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import { checkDocument } from "./check.ts";
import { checkMerged } from "./check-merged.ts";
import { type Document, parseDocument, valueOf } from "./document.ts";
import { appName, hosting } from "./hosting.ts";
import { forStage, type HostingFile, toApp } from "./to-app.ts";

/** Which app, at which stage. */
export interface LoadOptions {
  /** The folder that holds functions/ and hosting.json. */
  readonly root: string;
  readonly stage: string;
  /** Another file than hosting.json, relative to the root or absolute. */
  readonly config?: string;
  /** Overrides the file's targets. */
  readonly target?: Target;
}

/**
 * An app without hosting.json is fine; its name is its folder's. A stage need not be listed. Nothing but this one file is read.
 * Throws UserError CONFIG_SYNTAX, CONFIG_KEY, CONFIG_VALUE or CONFIG_MISSING with the place, BAD_STAGE.
 */
export async function loadApp({ root, stage, config, target }: LoadOptions): Promise<App> {
  if (!new RegExp(appName.pattern).test(stage))
    throw new UserError("BAD_STAGE", `"${stage}" cannot be a stage's name`, `Write ${appName.says}.`);
  const folder = resolve(root);
  const document = await readDocument(folder, config);
  if (!document) return toApp(folder, stage, {}, target);
  checkDocument(document, hosting);
  const settings = forStage(valueOf(document.tree) as HostingFile, stage);
  checkMerged(document, settings, stage);
  return toApp(folder, stage, settings, target);
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
      "Check the name that was given with --config, and that it is a file you may read.",
      { cause },
    );
  }
}
