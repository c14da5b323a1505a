/** How a builder for development is set up, and whom it tells of what it read outside of the app: names of inputs in, folders out. */
import { dirname, join } from "node:path";
import type { App } from "../model/app.ts";
import type { Target } from "../model/target.ts";

/** How the builder is set up. */
export interface DevOptions {
  readonly app: App;
  readonly target: Target;
  /** Absolute path of a folder for the bundles, made when needed. */
  readonly out: string;
  /** The declared env and secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Told of each folder outside of the app's that a build has read from, packages apart: whoever watches the app alone misses it. */
  readonly onOutside?: (folder: string) => void;
}

/** @param keys of inputs as the metafile has them, relative to the app's real root */
export function tellOutside({ app, onOutside }: DevOptions, keys: readonly string[]): void {
  if (!onOutside) return;
  const outside = keys.filter((key) => key.startsWith("../") && !key.includes("/node_modules/"));
  for (const folder of new Set(outside.map(dirname))) onOutside(join(app.root, folder));
}
