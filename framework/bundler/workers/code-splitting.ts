/**
 * Bundling with code splitting for Workers and Node: a router that imports each route's module lazily, and shared
 * chunks.
 */
import { build, type BuildResult, type Metafile } from "esbuild";
import { databaseUrls } from "../../model/database.ts";
import { hasClock } from "../../model/app.ts";
import { assetFolders } from "../../model/asset-folders.ts";
import type { BuiltJob, Job } from "../../model/job.ts";
import type { BuiltFunction } from "../../model/manifest.ts";
import { notFoundPage } from "../../runtime/assets.ts";
import { appResolution } from "../app-resolution.ts";
import type { BundleInput } from "../bundle.ts";
import { nodeOnlyNames } from "../code-warnings.ts";
import { routeEntry, type ScannedRoute } from "../function-entry.ts";
import { jobModule, jobModuleName, jobsClientModule, jobsTable, jobsTableName } from "../jobs-entry.ts";
import { logModule } from "../log-module.ts";
import { routerEntry } from "../router-entry.ts";
import { withUserErrors, warningTexts } from "../build-errors.ts";
import { bundleInOrder, type EvaluationOrder, deferringLine } from "../evaluation-order.ts";
import { createGraphHasher, importsLog, middlewareBytes, needsOf, reachable, staticOutputs } from "../import-graph.ts";
import { functionSettings } from "../function-groups.ts";
import { checkNativeModules } from "../native-modules.ts";
import { includeReferencedFiles } from "../referenced-files.ts";
import { bundleOptions, outputKey, readOutputs } from "../esbuild-options.ts";

/** Files by name, of which `index.js` is the main module, and the functions among them. */
export interface SplitModules {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly functions: readonly BuiltFunction[];
  /** Absent without any. */
  readonly jobs?: readonly BuiltJob[];
}

/** @param envNames names of the Worker's env that functions may read */
export async function bundleWithSplitting(
  { app, routes, assets, jobs, inputs, warn }: BundleInput,
  target: "workers" | "node",
  envNames: readonly string[],
): Promise<SplitModules> {
  const resolution = appResolution(app, target);
  let modules = [...routes.map(routeModule), ...jobModules(jobs)];
  const modulesAround = aroundFunctions({ app, routes, assets, jobs }, target, envNames);
  const linkWith = (order: EvaluationOrder, uploads: boolean): Promise<Linked> => {
    const ordered = modules.map(({ name, text }) => [name, text + deferringLine(order, `portico:${name}`)] as const);
    const entries = new Map([...ordered, ...modulesAround(uploads)]);
    return build({ ...bundleOptions({ ...resolution, entries }, "production", order), entryPoints });
  };
  // Only the linked functions tell whether one has upload forms, and which log.
  let [hasForms, isKnown] = [false, false];
  const link = async (order: EvaluationOrder): Promise<Linked> => {
    const linked = await linkWith(order, hasForms);
    const logs = routes.map(({ id }) => importsLog(reachable(linked.metafile, [`portico:function/${id}`])));
    if (isKnown || !(importsFiles(linked.metafile) || logs.includes(true))) return linked;
    [hasForms, isKnown] = [importsFiles(linked.metafile), true];
    modules = [...routes.map((route, at) => routeModule({ ...route, logs: logs[at]! })), ...jobModules(jobs)];
    return linkWith(order, hasForms);
  };
  const entryPoints = [
    { in: "portico:entry/router", out: "index" },
    ...(jobs.length > 0 ? [{ in: `portico:${jobsTableName}`, out: "jobs" }] : []),
    ...modules.map(({ name, out }) => ({ in: `portico:${name}`, out })),
  ];
  const result = await withUserErrors(
    app.root,
    bundleInOrder(
      app.root,
      modules.map(({ name }) => `portico:${name}`),
      link,
    ),
  );
  for (const text of warningTexts(result.warnings)) warn(text);
  const { metafile } = result;
  const files = includeReferencedFiles({
    root: app.root,
    target,
    metafile,
    files: readOutputs(app.root, result.outputFiles),
  });
  inputs.add(metafile);
  for (const note of await notesOf(app.root, target, modules, { metafile, files })) warn(note);
  const texts = modules.map(({ name, text }) => [name, text] as const);
  const entries = new Map([...texts, ...modulesAround(hasForms)]);
  const built = { metafile, hash: createGraphHasher({ ...resolution, entries }, metafile) };
  return {
    files,
    functions: await Promise.all(routes.map((route) => describeRoute(app, route, built))),
    ...(jobs.length > 0 && { jobs: await Promise.all(jobs.map((job) => describeJob(job, built))) }),
  };
}

/** The generated modules beside those of functions: the router, and what knows all jobs. */
function aroundFunctions(
  { app, routes, assets, jobs }: Pick<BundleInput, "app" | "routes" | "assets" | "jobs">,
  target: "workers" | "node",
  envNames: readonly string[],
): (uploads: boolean) => readonly (readonly [name: string, text: string])[] {
  const served = {
    folders: assetFolders(routes, assets),
    indexes: assets.map(({ path }) => path).filter((path) => path.endsWith("/index.html")),
    page: assets.some(({ path }) => path === notFoundPage),
    slashes: app.trailingSlash ? routes : [],
  };
  // Where no setting says so and no stage is named, schedules run under `portico start`, not in a cloud.
  const routerJobs = { table: jobsTableName, clock: hasClock(app, target) };
  const table = jobs.length > 0 ? [[jobsTableName, jobsTable(jobs, databaseUrls(app.databases))] as const] : [];
  return (uploads) => {
    const parts = { jobs: jobs.length > 0 ? routerJobs : undefined, uploads };
    const router = ["entry/router", routerEntry(target, routes, envNames, served, parts)] as const;
    return [router, ...table, ...jobsClientModule(target, jobs), logModule(target, app)];
  };
}

/** Warnings about code that the target cannot run. */
async function notesOf(
  root: string,
  target: "workers" | "node",
  modules: readonly FileModule[],
  { metafile, files }: { readonly metafile: Metafile; readonly files: SplitModules["files"] },
): Promise<ReadonlySet<string>> {
  const notes = new Set<string>();
  for (const { name, file } of modules) {
    const graph = { metafile, entry: `portico:${name}`, files: [file] };
    for (const note of await checkNativeModules(root, target, graph)) notes.add(note);
  }
  if (target === "workers") for (const note of nodeOnlyNames(root, metafile, files)) notes.add(note);
  return notes;
}

type Linked = BuildResult<ReturnType<typeof bundleOptions>>;

const importsFiles = ({ inputs }: Metafile): boolean =>
  Object.keys(inputs).some((key) => key.startsWith("portico:features/files/"));

/** A generated module around a file of the app, which becomes a file of the build. */
interface FileModule {
  readonly name: string;
  readonly text: string;
  readonly file: string;
  /** Without its extension. */
  readonly out: string;
}

const routeModule = (route: ScannedRoute): FileModule => ({
  name: `function/${route.id}`,
  text: routeEntry(route),
  file: route.file,
  out: `functions/${route.id}`,
});

const jobModules = (jobs: readonly Job[]): readonly FileModule[] =>
  jobs.map((job) => ({
    name: jobModuleName(job),
    text: jobModule(job),
    file: job.file,
    out: `jobs/${job.name}`,
  }));

/** esbuild's metafile, and the hashes of the graphs in it. */
interface Built {
  readonly metafile: Metafile;
  readonly hash: (entry: string) => Promise<string>;
}

async function describeRoute(
  app: BundleInput["app"],
  route: ScannedRoute,
  { metafile, hash }: Built,
): Promise<BuiltFunction> {
  const [key, main] = [`portico:function/${route.id}`, `functions/${route.id}.js`];
  const outputs = staticOutputs(metafile, outputKey(main));
  return {
    id: route.id,
    hash: await hash(key),
    bytes: bytesOf(metafile, outputs),
    middlewareBytes: middlewareBytes(metafile, key, outputs, new Set(route.middleware)),
    main,
    ...needsOf(reachable(metafile, [key])),
    settings: functionSettings(app, { id: route.id, routes: [route] }),
  };
}

async function describeJob(job: Job, { metafile, hash }: Built): Promise<BuiltJob> {
  const main = `jobs/${job.name}.js`;
  const bytes = bytesOf(metafile, staticOutputs(metafile, outputKey(main)));
  const key = `portico:${jobModuleName(job)}`;
  return { ...job, hash: await hash(key), bytes, main, ...needsOf(reachable(metafile, [key])) };
}

const bytesOf = (metafile: Metafile, outputs: readonly string[]): number =>
  outputs.reduce((sum, output) => sum + (metafile.outputs[output]?.bytes ?? 0), 0);
