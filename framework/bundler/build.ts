/** Builds an app for one target: bundles its routes and writes a folder of functions with its manifest. */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { version } from "esbuild";
import { databaseUrls } from "../model/database.ts";
import type { App } from "../model/app.ts";
import { httpApiLimitError } from "../model/http-api-limits.ts";
import type { Job } from "../model/job.ts";
import type { BuiltAsset, Manifest } from "../model/manifest.ts";
import type { Route } from "../model/route.ts";
import type { Target } from "../model/target.ts";
import { decoratorWarnings } from "./code-warnings.ts";
import { listAppFiles } from "./app-files.ts";
import type { Bundle, BundleInput } from "./bundle.ts";
import { createInputCollector, type BuildInputCollector } from "./cache/build-inputs.ts";
import { unlistedExtensions } from "./extension-modules.ts";
import { functionId } from "./function-groups.ts";
import { buildLambda } from "./lambda/build.ts";
import { type BuildCache, readBuildCache, writeBuildCache } from "./cache/build-cache.ts";
import { removeBuildCache } from "./cache/build-cache-file.ts";
import { buildNode } from "./node/build.ts";
import { packagesText } from "./lambda/package-installation.ts";
import { replaceFolder } from "./output-folder.ts";
import { scanJobs } from "./job-exports.ts";
import { scanRoutes } from "./route-exports.ts";
import { buildWorkers } from "./workers/build.ts";

/** The app and the folder to write. */
export interface BuildInput {
  readonly app: App;
  /** In order of precedence. */
  readonly routes: readonly Route[];
  readonly assets: readonly BuiltAsset[];
  /** None when absent. */
  readonly jobs?: readonly Job[];
  readonly target: Target;
  /** Absolute path of the target's folder, `.portico/build/<target>`. A successful build replaces all of it. */
  readonly out: string;
  /** Absolute path of the build cache's file; `.portico/cache/<target>.json` when absent. */
  readonly cache?: string;
  /** Receives warnings of the build. */
  readonly warn?: (text: string) => void;
}

const builders: Readonly<Record<Target, (input: BundleInput) => Promise<Bundle>>> = {
  lambda: buildLambda,
  workers: buildWorkers,
  node: buildNode,
};

/**
 * Reads user code and never runs it. Functions whose inputs did not change since the last build are not built again.
 * Throws UserError for code that does not build and for a function over a limit of the target.
 */
export async function buildApp(input: BuildInput): Promise<Manifest> {
  const { app, target, out, cache: file = join(app.root, ".portico/cache", `${target}.json`), warn = () => {} } = input;
  const key = { file, options: optionsText(input), out };
  const cache = readBuildCache(key);
  for (const text of cache.warnings ?? []) warn(text);
  if (cache.warnings) return JSON.parse(readFileSync(join(out, "manifest.json"), "utf8")) as Manifest;
  const started = Date.now();
  // esbuild names files by their real paths.
  const root = realpathSync(app.root);
  const inputs = createInputCollector(root);
  const warnings = new Set<string>();
  const warnOnce = (text: string): void => {
    if (!warnings.has(text)) warn(text);
    warnings.add(text);
  };
  const built = await bundleApp({ ...input, app: { ...app, root } }, { inputs, cache, warn: warnOnce });
  removeBuildCache(key.file);
  await replaceFolder(out, built.files, built.unchanged);
  const readInputs = inputs.end();
  for (const text of unlistedExtensions({ ...app, root }, readInputs?.files.keys() ?? [])) warnOnce(text);
  const names = [...built.files.keys(), ...built.unchanged.keys()];
  if (readInputs)
    writeBuildCache(key, { ...built, inputs: readInputs, warnings: [...warnings], names, started }, cache);
  return built.manifest;
}

/** The collaborators of one build. */
interface BuildContext extends Pick<BundleInput, "warn"> {
  readonly inputs: BuildInputCollector;
  readonly cache: BuildCache;
}

async function bundleApp(
  { app, routes, assets, jobs = [], target }: BuildInput,
  { inputs, cache, warn }: BuildContext,
) {
  const sources = [...routes.flatMap(({ file, middleware }) => [file, ...middleware]), ...jobs.map(({ file }) => file)];
  const { methods, metafiles, exports } = await scanRoutes(app.root, target, routes, (file) =>
    cache.exportsOf(join(app.root, file)),
  );
  for (const metafile of metafiles) inputs.add(metafile);
  await scanJobs(app.root, target, jobs);
  for (const text of decoratorWarnings(app.root, sources)) warn(text);
  if (target === "workers" && app.files.length > 0)
    warn(
      `"files" in hosting.json have no effect on Workers, which have no file system: ` +
        "import the contents, or serve them as static files",
    );
  const scanned = routes.map((route) => ({ ...route, methods: methods.get(route.id) ?? [] }));
  const databases = databaseUrls(app.databases);
  const {
    files,
    unchanged = new Map(),
    cacheRecords = [],
    ...bundle
  } = await builders[target]({
    app,
    routes: databases ? scanned.map((route) => ({ ...route, databases })) : scanned,
    assets,
    jobs,
    inputs,
    cache,
    warn,
  });
  const { root: _, ...portable } = app;
  const manifest: Manifest = {
    schemaVersion: 1,
    target,
    app: portable,
    routes: scanned.map((route) => ({ ...route, function: functionId(app.group, target, route) })),
    assets,
    ...bundle,
  };
  // A build may exceed an HTTP API's limits, since only a deploy needs to be within them; it rejects such a build
  // first.
  const problem = target === "lambda" ? httpApiLimitError(manifest) : undefined;
  if (problem) warn(`${problem.message}: a deploy would fail. ${problem.fix}`);
  return {
    manifest,
    unchanged,
    functions: cacheRecords,
    exports: new Map([...exports].map(([file, names]) => [join(app.root, file), names])),
    files: new Map([...files, ["manifest.json", Buffer.from(stableJson(manifest))]]),
  };
}

/** Everything that determines a build except the files that it reads; assets are included by their hashes. */
const optionsText = ({ app, routes, assets, jobs = [], target }: BuildInput): string =>
  JSON.stringify([
    version,
    process.version,
    process.platform,
    app,
    routes,
    assets,
    jobs,
    target,
    appFileStates(app),
    target === "lambda" ? packagesText(app) : "",
  ]);

/** Paths of the app's `files`, each with its size, date and inode. */
const appFileStates = ({ root, files }: App): readonly string[] =>
  listAppFiles(root, files).map((name) => {
    const { size, mtimeMs, ino, mode } = statSync(join(root, name));
    return [name, size, mtimeMs, ino, mode].join();
  });

/** JSON with sorted keys, so that equal values have equal bytes. */
function stableJson(value: unknown): string {
  const sorted = (_: string, inner: unknown): unknown =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner;
  return `${JSON.stringify(value, sorted, 2)}\n`;
}
