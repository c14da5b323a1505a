/** A function of a Lambda build: its plan, what it is bundled with, and its package. */
import { createHash } from "node:crypto";
import { version } from "esbuild";
import type { FunctionSettings } from "../../model/app.ts";
import type { BuiltFunction } from "../../model/manifest.ts";
import type { BundleInput } from "../bundle.ts";
import { importedExtensions } from "../extension-modules.ts";
import { importedPackages } from "../external-packages.ts";
import type { ScannedRoute } from "../function-entry.ts";
import type { FunctionPlan } from "../function-groups.ts";
import { needsOf } from "../import-graph.ts";
import { type Description, executablesIn } from "./deployment-package.ts";
import { type LinkedFunction, linkFunction } from "./linker.ts";
import { type InstalledPackages, packagesText } from "./package-installation.ts";

/** A function before it is built; without routes, that of the jobs, or that of static files and the 404 response. */
export type Plan = FunctionPlan<ScannedRoute> & Pick<BuiltFunction, "settings"> & { readonly options: string };

/**
 * Everything that determines a function except its routes and the files that it imports.
 * @param appFiles hosting.json's `files`, which are in every function
 */
export function commonOptions(
  { app, jobs }: Pick<BundleInput, "app" | "jobs">,
  appFiles: ReadonlyMap<string, Uint8Array>,
): string {
  // These do not change a function's code: its settings, env and secrets are set when it is deployed.
  const {
    routes: _,
    env: _env,
    secrets: _secrets,
    smoke: _smoke,
    keep: _keep,
    headers: _headers,
    named: _named,
    state: _state,
    jobs: _jobs,
    jobConcurrency: _jobConcurrency,
    clock: _clock,
    traces: _traces,
    ...codeOptions
  } = app;
  const files = [...appFiles].map(([name, bytes]) => [name, createHash("sha256").update(bytes).digest("hex")]);
  const executables = executablesIn(app.root, appFiles.keys());
  const platform = [version, process.version, process.platform];
  const known = jobs.map(({ name }) => name);
  return JSON.stringify([...platform, codeOptions, packagesText(app), files, executables, known]);
}

/** A bundled function with its zip. */
export interface PackedFunction {
  readonly fn: BuiltFunction;
  readonly warnings: readonly string[];
  readonly outputs: ReadonlyMap<string, Uint8Array>;
  /** Absolute paths of the files that it was bundled from. */
  readonly files: readonly string[];
}

/** A function that answers no requests has the platform's web classes. */
export function linkOnPlatform(input: BundleInput, name: string, text: string): Promise<LinkedFunction> {
  const { app } = input;
  const onPlatform = { ...input, app: { ...app, lambda: { ...app.lambda, webClasses: "platform" as const } } };
  return linkFunction(onPlatform, { name, text: () => text, routes: [] });
}

export const describe = (
  app: BundleInput["app"],
  id: string,
  { inputs, middlewareBytes }: LinkedFunction,
  settings: FunctionSettings,
) =>
  ({
    id,
    middlewareBytes,
    ...needsOf(inputs),
    ...importedExtensions(app, inputs),
    settings,
  }) satisfies Description;

/** The files of a function's zip that are not bundled: the app's files and installed packages. */
export interface UnbundledFiles {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Names of those that may be executed. */
  readonly executables: ReadonlySet<string>;
}

export function unbundledFiles(
  app: BundleInput["app"],
  appFiles: ReadonlyMap<string, Uint8Array>,
  packages: InstalledPackages,
  fn: LinkedFunction,
): UnbundledFiles {
  const installed = packages.filesOf(packagesIn(app, fn));
  return {
    files: new Map([...appFiles, ...installed]),
    executables: new Set([
      ...executablesIn(app.root, appFiles.keys()),
      ...executablesIn(packages.folder, installed.keys()),
    ]),
  };
}

export const packagesIn = ({ lambda }: BundleInput["app"], { metafile, inputs }: LinkedFunction): readonly string[] =>
  importedPackages(metafile, inputs, lambda.packages ?? []);
