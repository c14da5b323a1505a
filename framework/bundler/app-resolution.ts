/** How imports are resolved in the bundles of an app. */
import type { App } from "../model/app.ts";
import type { Target } from "../model/target.ts";
import type { ResolutionOptions } from "./esbuild-plugin.ts";
import { extensionsOf } from "./extension-modules.ts";
import { externalPackages } from "./external-packages.ts";
import { templatesOf } from "./template-files.ts";

/** What of an app decides it. */
export type ResolvedApp = Pick<App, "root" | "external" | "lambda" | "secrets" | "templates" | "extensions">;

/** The options without the generated modules. @param app with its real root */
export const appResolution = (app: ResolvedApp, target: Target): Omit<ResolutionOptions, "entries"> => ({
  root: app.root,
  target,
  external: externalPackages(app, target),
  secrets: app.secrets,
  ...templatesOf(app),
  ...extensionsOf(app),
});
