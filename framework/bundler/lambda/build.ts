/** Lambda's build: one zip per function, or one for the whole app behind a function URL. */
import { createHash } from "node:crypto";
import { version } from "esbuild";
import { type FunctionSettings, hasClock } from "../../model/app.ts";
import { databaseUrls } from "../../model/database.ts";
import { assetFolders } from "../../model/asset-folders.ts";
import { jobsFunctionId } from "../../model/job.ts";
import type { BuiltFunction } from "../../model/manifest.ts";
import { readAppFiles } from "../app-files.ts";
import type { Bundle, BundleInput } from "../bundle.ts";
import { assetsEntry, functionEntry, type ScannedRoute } from "../function-entry.ts";
import { importedExtensions } from "../extension-modules.ts";
import { importedPackages } from "../external-packages.ts";
import { jobsFunctionEntry } from "../jobs-entry.ts";
import { needsOf, reachable } from "../import-graph.ts";
import { type FunctionPlan, functionSettings, groupRoutes, jobsFunctionSettings } from "../function-groups.ts";
import { assetFiles, checkLambdaAssets } from "./static-files.ts";
import { type Description, executablesIn, packFunction } from "./deployment-package.ts";
import { type FunctionSource, type LinkedFunction, linkFunction, linkFunctions } from "./linker.ts";
import { checkNativeModules } from "../native-modules.ts";
import { type InstalledPackages, installPackages, packagesText } from "./package-installation.ts";
import { functionUrlEntry } from "../router-entry.ts";
import type { WebClasses } from "./web-classes.ts";

/** A function's bytes depend on its own imports only, not on other routes. */
export const buildLambda = (input: BundleInput): Promise<Bundle> =>
  input.app.lambda.front === "function-url" ? buildForUrl(input) : buildForApi(input);

async function buildForApi(input: BundleInput): Promise<Bundle> {
  const { app, routes, assets, jobs, cache, inputs, warn } = input;
  checkLambdaAssets(app, routes, assets);
  const appFiles = readAppFiles(app.root, app.files);
  const common = commonOptions(input, appFiles);
  const plans = groupRoutes(app.group, "lambda", routes).map((plan): Plan => ({
    ...plan,
    options: JSON.stringify([common, plan.routes]),
    settings: functionSettings(app, plan),
  }));
  const assetsPlan: Plan = {
    id: "assets",
    routes: [],
    options: JSON.stringify([common, app.trailingSlash ? routes : [], assets]),
    settings: { memory: 256, timeout: 10 },
  };
  const jobsPlan = jobs.length > 0 ? planJobs(input, common) : undefined;
  const all = [...plans, ...(jobsPlan ? [jobsPlan] : []), assetsPlan];
  const cached = new Map(all.map((plan) => [plan, cache.functionOf(plan.id, plan.options, inputs)] as const));
  const isOutdated = (plan: Plan): boolean => !cached.get(plan);
  const outdated = [...plans, assetsPlan].filter(isOutdated);
  const packages = await installPackages(app);
  const addedFiles = (fn: LinkedFunction): UnbundledFiles => unbundledFiles(app, appFiles, packages, fn);
  const built = new Map<Plan, PackedFunction>();
  const byId = new Map(outdated.map((plan) => [plan.id, plan]));
  const entries = outdated.map(({ id, routes: members }): FunctionSource => ({
    name: id,
    text: (web, own) =>
      own.length > 0 ? functionEntry("lambda", own, web) : assetsEntry(web, app.trailingSlash && routes),
    routes: members,
  }));
  await linkFunctions(input, entries, async (linked, id) => {
    const plan = byId.get(id)!;
    built.set(plan, await packLinked(input, linked, plan, addedFiles));
  });
  if (jobsPlan && isOutdated(jobsPlan)) built.set(jobsPlan, await packJobs(input, jobsPlan, addedFiles));
  const cacheRecords = all.map((plan) => {
    const { fn, warnings, outputs } = built.get(plan) ?? cached.get(plan)!;
    const files = built.get(plan)?.files ?? cache.filesOf(plan.id);
    return {
      fn: { ...fn, settings: plan.settings },
      options: plan.options,
      warnings,
      outputs: [...outputs.keys()],
      files,
    };
  });
  for (const { warnings } of cacheRecords) warnings.forEach(warn);
  return {
    files: new Map([...built.values()].flatMap(({ outputs }) => [...outputs])),
    unchanged: new Map([...cached.values()].flatMap((fn) => [...(fn?.outputs ?? [])])),
    cacheRecords,
    functions: cacheRecords.slice(0, plans.length).map(({ fn }) => fn),
    ...(jobsPlan && { jobsFunction: { ...cacheRecords[plans.length]!.fn, jobs } }),
    assetsFunction: cacheRecords.at(-1)!.fn,
  };
}

/** A function before it is built; without routes, that of the jobs, or that of static files and the 404 response. */
type Plan = FunctionPlan<ScannedRoute> & Pick<BuiltFunction, "settings"> & { readonly options: string };

/**
 * Everything that determines a function except its routes and the files that it imports.
 * @param appFiles hosting.json's `files`, which are in every function
 */
function commonOptions(
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
interface PackedFunction {
  readonly fn: BuiltFunction;
  readonly warnings: readonly string[];
  readonly outputs: ReadonlyMap<string, Uint8Array>;
  /** Absolute paths of the files that it was bundled from. */
  readonly files: readonly string[];
}

async function packLinked(
  { app, assets, jobs, inputs }: Pick<BundleInput, "app" | "assets" | "jobs" | "inputs">,
  linked: LinkedFunction,
  { id, routes, settings }: Plan,
  addedFiles: (fn: LinkedFunction) => UnbundledFiles,
): Promise<PackedFunction> {
  const isOfJobs = id === jobsFunctionId;
  const notes = await nativeNotes(app.root, linked, isOfJobs ? jobs : routes);
  const description = describe(app, id, linked, settings);
  const { files, executables } = addedFiles(linked);
  const packed = await (routes.length > 0 || isOfJobs
    ? packFunction(description, `functions/${id}`, new Map([...files, ...linked.files]), { executables })
    : packWithAssets(description, new Map([...linked.files, ...(await assetFiles(app.root, assets))])));
  return {
    fn: packed.fn,
    outputs: packed.files,
    warnings: [...linked.warnings, ...notes],
    files: inputs.pathsOf(reachable(linked.metafile, [linked.entry])),
  };
}

/** @param common options of all functions */
const planJobs = ({ app, jobs }: Pick<BundleInput, "app" | "jobs">, common: string): Plan => ({
  id: jobsFunctionId,
  routes: [],
  options: JSON.stringify([common, jobs, hasClock(app, "lambda")]),
  settings: jobsFunctionSettings(app, jobs),
});

/** The function of all jobs. Nothing in it answers requests, so it has the platform's web classes. */
async function packJobs(
  input: BundleInput,
  plan: Plan,
  addedFiles: (fn: LinkedFunction) => UnbundledFiles,
): Promise<PackedFunction> {
  const { app, jobs } = input;
  const entryText = jobsFunctionEntry(jobs, hasClock(app, "lambda"), databaseUrls(app.databases));
  const onPlatform = { ...input, app: { ...app, lambda: { ...app.lambda, webClasses: "platform" as const } } };
  const source = { name: plan.id, text: () => entryText, routes: [] };
  return packLinked(input, await linkFunction(onPlatform, source), plan, addedFiles);
}

/**
 * The single function of the app with its static files. It contains their list even when there are none, since a
 * release may add those of earlier releases.
 */
async function buildForUrl(input: BundleInput): Promise<Bundle> {
  const { app, routes, assets, jobs } = input;
  const settings = functionSettings(app, { id: "app", routes });
  checkLambdaAssets(app, routes, assets);
  const text = (web: WebClasses, own: readonly ScannedRoute[]): string =>
    functionUrlEntry(own, web, assetFolders(routes, assets), app.trailingSlash && routes);
  const linked = await linkFunction(input, { name: "app", text, routes });
  for (const text of [...linked.warnings, ...(await nativeNotes(app.root, linked, routes))]) input.warn(text);
  const staticFiles = await assetFiles(app.root, assets);
  const [appFiles, packages] = [readAppFiles(app.root, app.files), await installPackages(app)];
  const addedFiles = (one: LinkedFunction): UnbundledFiles => unbundledFiles(app, appFiles, packages, one);
  const added = addedFiles(linked);
  const description = describe(app, "app", linked, settings);
  const { fn, files } = await packWithAssets(
    description,
    new Map([...added.files, ...linked.files, ...staticFiles]),
    added.executables,
  );
  if (jobs.length === 0) return { files, functions: [fn] };
  const ofJobs = await packJobs(input, planJobs(input, ""), addedFiles);
  for (const text of ofJobs.warnings) input.warn(text);
  return {
    files: new Map([...files, ...ofJobs.outputs]),
    functions: [fn],
    jobsFunction: { ...ofJobs.fn, jobs },
  };
}

const describe = (
  app: BundleInput["app"],
  id: string,
  { metafile, entry, middlewareBytes }: LinkedFunction,
  settings: FunctionSettings,
) =>
  ({
    id,
    middlewareBytes,
    ...needsOf(metafile, entry),
    ...importedExtensions(app, reachable(metafile, [entry])),
    settings,
  }) satisfies Description;

/** Throws UserError NATIVE_MODULE. */
const nativeNotes = (root: string, { metafile, entry }: LinkedFunction, of: readonly { readonly file: string }[]) =>
  checkNativeModules(root, "lambda", { metafile, entry, files: of.map(({ file }) => file) });

/** The files of a function's zip that are not bundled: the app's files and installed packages. */
interface UnbundledFiles {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Names of those that may be executed. */
  readonly executables: ReadonlySet<string>;
}

function unbundledFiles(
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

const packagesIn = ({ lambda }: BundleInput["app"], { metafile, entry }: LinkedFunction): readonly string[] =>
  importedPackages(metafile, reachable(metafile, [entry]), lambda.packages ?? []);

/** Packs a function that reads static files; all its files are written, so that its module finds them beside it. */
const packWithAssets = (
  description: Description,
  files: ReadonlyMap<string, Uint8Array>,
  executables?: ReadonlySet<string>,
) => packFunction(description, description.id, files, { writesAll: true, ...(executables && { executables }) });
