/** Lambda's build: one zip per function, or one for the whole app behind a function URL. */
import { hasClock } from "../../model/app.ts";
import { databaseUrls, hasMigrateFunction, migrateFunctionId } from "../../model/database.ts";
import { assetFolders } from "../../model/asset-folders.ts";
import { jobsFunctionId } from "../../model/job.ts";
import type { BuiltFunction } from "../../model/manifest.ts";
import { readAppFiles } from "../app-files.ts";
import type { Bundle, BundleInput } from "../bundle.ts";
import { assetsEntry, functionEntry, type ScannedRoute } from "../function-entry.ts";
import { jobsFunctionEntry } from "../jobs-entry.ts";
import { functionSettings, groupRoutes, jobsFunctionSettings } from "../function-groups.ts";
import { assetFiles, checkLambdaAssets } from "./static-files.ts";
import { type Description, packFunction } from "./deployment-package.ts";
import { type FunctionSource, type LinkedFunction, linkFunction, linkFunctions } from "./linker.ts";
import { migrateEntry, planMigrate } from "./migrate-function.ts";
import { checkNativeModules } from "../native-modules.ts";
import { type InstalledPackages, installPackages } from "./package-installation.ts";
import {
  commonOptions,
  describe,
  linkOnPlatform,
  type PackedFunction,
  type Plan,
  type UnbundledFiles,
  unbundledFiles,
} from "./packed-function.ts";
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
  const migratePlan = hasMigrateFunction(app) ? planMigrate(input) : undefined;
  const all = [...plans, ...[jobsPlan, migratePlan].filter((plan) => plan !== undefined), assetsPlan];
  const cached = new Map(all.map((plan) => [plan, cache.functionOf(plan.id, plan.options, inputs)] as const));
  const isOutdated = (plan: Plan): boolean => !cached.get(plan);
  const outdated = [...plans, assetsPlan].filter(isOutdated);
  const packages = await installPackages(app);
  const addedFiles = (fn: LinkedFunction): UnbundledFiles => unbundledFiles(app, appFiles, packages, fn);
  const built = new Map<Plan, PackedFunction>();
  const byId = new Map(outdated.map((plan) => [plan.id, plan]));
  const entries = outdated.map((plan) => sourceOf(plan, input));
  await linkFunctions(input, entries, async (linked, id) => {
    const plan = byId.get(id)!;
    built.set(plan, await packLinked(input, linked, plan, addedFiles));
  });
  if (jobsPlan && isOutdated(jobsPlan)) built.set(jobsPlan, await packJobs(input, jobsPlan, addedFiles));
  if (migratePlan && isOutdated(migratePlan)) built.set(migratePlan, await packMigrate(input, migratePlan, packages));
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
  const fnOf = (plan: Plan): BuiltFunction => cacheRecords[all.indexOf(plan)]!.fn;
  return {
    files: new Map([...built.values()].flatMap(({ outputs }) => [...outputs])),
    unchanged: new Map([...cached.values()].flatMap((fn) => [...(fn?.outputs ?? [])])),
    cacheRecords,
    functions: cacheRecords.slice(0, plans.length).map(({ fn }) => fn),
    ...(jobsPlan && { jobsFunction: { ...fnOf(jobsPlan), jobs } }),
    ...(migratePlan && { migrateFunction: fnOf(migratePlan) }),
    assetsFunction: fnOf(assetsPlan),
  };
}

const sourceOf = (
  { id, routes: members }: Plan,
  { app, routes }: Pick<BundleInput, "app" | "routes">,
): FunctionSource => ({
  name: id,
  text: (web, own) =>
    own.length > 0 ? functionEntry("lambda", own, web) : assetsEntry(web, app.trailingSlash && routes),
  routes: members,
});

async function packLinked(
  { app, assets, jobs, inputs }: Pick<BundleInput, "app" | "assets" | "jobs" | "inputs">,
  linked: LinkedFunction,
  { id, routes, settings }: Plan,
  addedFiles: (fn: LinkedFunction) => UnbundledFiles,
): Promise<PackedFunction> {
  const isOfJobs = id === jobsFunctionId;
  const hasAssets = routes.length === 0 && !isOfJobs && id !== migrateFunctionId;
  const notes = await nativeNotes(app.root, linked, isOfJobs ? jobs : routes);
  const description = describe(app, id, linked, settings);
  const { files, executables } = addedFiles(linked);
  const packed = await (hasAssets
    ? packWithAssets(description, new Map([...linked.files, ...(await assetFiles(app.root, assets))]))
    : packFunction(description, `functions/${id}`, new Map([...files, ...linked.files]), { executables }));
  return {
    fn: packed.fn,
    outputs: packed.files,
    warnings: [...linked.warnings, ...notes],
    files: inputs.pathsOf(linked.inputs),
  };
}

/** @param common options of all functions */
const planJobs = ({ app, jobs }: Pick<BundleInput, "app" | "jobs">, common: string): Plan => ({
  id: jobsFunctionId,
  routes: [],
  options: JSON.stringify([common, jobs, hasClock(app, "lambda")]),
  settings: jobsFunctionSettings(app, jobs),
});

/** The function of all jobs. */
async function packJobs(
  input: BundleInput,
  plan: Plan,
  addedFiles: (fn: LinkedFunction) => UnbundledFiles,
): Promise<PackedFunction> {
  const { app, jobs } = input;
  const entryText = jobsFunctionEntry(jobs, hasClock(app, "lambda"), databaseUrls(app.databases));
  const linked = await linkOnPlatform(input, plan.id, entryText);
  return packLinked(input, linked, plan, addedFiles);
}

/** The function that migrates has none of the app's files. */
async function packMigrate(input: BundleInput, plan: Plan, packages: InstalledPackages): Promise<PackedFunction> {
  const linked = await linkOnPlatform(input, plan.id, migrateEntry());
  return packLinked(input, linked, plan, (fn) => unbundledFiles(input.app, new Map(), packages, fn));
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
  const ofJobs = jobs.length > 0 ? await packJobs(input, planJobs(input, ""), addedFiles) : undefined;
  const migrating = hasMigrateFunction(app) ? await packMigrate(input, planMigrate(input), packages) : undefined;
  const others = [ofJobs, migrating].filter((one) => one !== undefined);
  for (const { warnings } of others) warnings.forEach(input.warn);
  return {
    files: new Map([...files, ...others.flatMap(({ outputs }) => [...outputs])]),
    functions: [fn],
    ...(ofJobs && { jobsFunction: { ...ofJobs.fn, jobs } }),
    ...(migrating && { migrateFunction: migrating.fn }),
  };
}

/** Throws UserError NATIVE_MODULE. */
const nativeNotes = (root: string, { metafile, entry }: LinkedFunction, of: readonly { readonly file: string }[]) =>
  checkNativeModules(root, "lambda", { metafile, entry, files: of.map(({ file }) => file) });

/** Packs a function that reads static files; all its files are written, so that its module finds them beside it. */
const packWithAssets = (
  description: Description,
  files: ReadonlyMap<string, Uint8Array>,
  executables?: ReadonlySet<string>,
) => packFunction(description, description.id, files, { writesAll: true, ...(executables && { executables }) });
