/** Options of the development builder, and its report of folders outside of the app that a build read. */
import { dirname, join } from "node:path";
import type { App } from "../model/app.ts";
import type { Job } from "../model/job.ts";
import type { Target } from "../model/target.ts";

/** Options of the development builder. */
export interface DevOptions {
  readonly app: App;
  readonly target: Target;
  /** Absolute path of a folder for the bundles; created when needed. */
  readonly out: string;
  /** Their names are those that `send` knows. */
  readonly jobs: readonly Job[];
  /** The declared env and secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Receives each warning of a production build once. */
  readonly onWarning?: (text: string) => void;
  /**
   * Receives each folder outside of the app that a build read from, except packages, so that a watcher can include it.
   */
  readonly onOutsideFolder?: (folder: string) => void;
}

/** @param keys of inputs in the metafile, relative to the app's real root */
export function reportOutsideFolders({ app, onOutsideFolder }: DevOptions, keys: readonly string[]): void {
  if (!onOutsideFolder) return;
  const outside = keys.filter((key) => key.startsWith("../") && !key.includes("/node_modules/"));
  for (const folder of new Set(outside.map(dirname))) onOutsideFolder(join(app.root, folder));
}
