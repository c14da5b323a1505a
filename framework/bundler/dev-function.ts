/** Builds one function for `portico dev`: at its first load, and again after a file that it reads has changed. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { type BuildContext, context } from "esbuild";
import type { LoadedFunction } from "../model/invocation.ts";
import { decoratorWarnings, nodeOnlyNames } from "./code-warnings.ts";
import { appResolution } from "./app-resolution.ts";
import { isAppFile, readAppFiles } from "./app-files.ts";
import { linkPackages } from "./lambda/package-links.ts";
import { removeOldBuilds, writeBuild } from "./dev-output.ts";
import { type DevOptions, reportOutsideFolders } from "./dev-options.ts";
import type { ScannedRoute } from "./function-entry.ts";
import { jobsClientModule } from "./jobs-entry.ts";
import { logModule } from "./log-module.ts";
import { withUserErrors, warningTexts } from "./build-errors.ts";
import { importedPackages } from "./external-packages.ts";
import { importsLog, needsOf, ownImports, reachable } from "./import-graph.ts";
import { devEntry, devSettings, guessEntry, scanPlan, sourcesOf } from "./dev-entry.ts";
import type { FunctionPlan } from "./function-groups.ts";
import { isData, isImportable } from "./loaders.ts";
import { codeOf, functionOptions, keyOf, type LinkedFunction, appendLine } from "./lambda/linker.ts";
import { bundleInOrder, type EvaluationOrder } from "./evaluation-order.ts";
import { checkNativeModules } from "./native-modules.ts";
import { readOutputs } from "./esbuild-options.ts";
import { includeReferencedFiles } from "./referenced-files.ts";
import { missingTemplate } from "./template-files.ts";
import type { Scan } from "./route-exports.ts";
import { cloneGuard, webClassConflict, wantsLightClasses } from "./lambda/web-classes.ts";

/** esbuild's result for an entry. */
type BundledEntry = Pick<LinkedFunction, "metafile" | "files" | "warnings">;

/** A held resource: an esbuild context and the last build's inputs. */
export class DevFunction {
  readonly plan: FunctionPlan;
  readonly #options: DevOptions;
  /** The text of the entry that the last build bundled first. */
  #entry: string | undefined;
  /** The bundle of that entry, started before this build's scan ended. */
  #speculative: { readonly entry: string; result(): BundledEntry } | undefined;
  /** esbuild's context for one entry and evaluation order. */
  #context:
    | { readonly text: string; readonly order: EvaluationOrder; readonly esbuild: Promise<DevContext> }
    | undefined;
  #build: Promise<LoadedFunction> | undefined;
  /** Keys of files that the last successful build read. */
  #inputs: ReadonlySet<string> = new Set();
  /** False during a build and after a failed one, when any importable file may affect the function. */
  #hasInputs = false;
  #isFailed = false;
  /** Data files that changed while the inputs are unknown. Some may be logs that each build writes to. */
  readonly #changedData = new Set<string>();
  /** Whether the last build imports `portico/log`. */
  #logs = false;
  /** The output folder of the last successful build. */
  #directory: string | undefined;
  #hash: string | undefined;
  /** True for a few milliseconds after the folder was seen. */
  #wasSeen = false;
  /** The last build. Builds run in sequence, since esbuild gives overlapping rebuilds the same result. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DevOptions, plan: FunctionPlan) {
    this.#options = options;
    this.plan = plan;
  }

  /** Returns the same promise until `invalidate` returns true or the output folder was deleted. */
  load(): Promise<LoadedFunction> {
    if (this.#directory !== undefined && !this.#exists(this.#directory)) this.#build = undefined;
    this.#build ??= this.#last = this.#last.then(
      () => this.#rebuild(),
      () => this.#rebuild(),
    );
    return this.#build;
  }

  /** Asks the file system at most once in 5 ms. */
  #exists(directory: string): boolean {
    if (this.#wasSeen) return true;
    this.#wasSeen = existsSync(directory);
    if (this.#wasSeen) setTimeout(() => (this.#wasSeen = false), 5).unref();
    return this.#wasSeen;
  }

  /** Drops the build and returns true when one of these files affects it. */
  invalidate(keys: readonly string[]): boolean {
    if (!this.#build || !keys.some((key) => this.#reads(key) || (!this.#hasInputs && this.#mayRead(key)))) return false;
    this.#build = undefined;
    return true;
  }

  /** A data file counts once its build is known to read it; its first change also retries a failed build. */
  #mayRead(key: string): boolean {
    if (!isImportable(key) || !isData(key)) return isImportable(key);
    const isNew = !this.#changedData.has(key);
    this.#changedData.add(key);
    return this.#isFailed && isNew;
  }

  /** A new file counts as read when an import without the extension could resolve to it. */
  #reads(key: string): boolean {
    const inputs = this.#inputs;
    return (
      inputs.has(key) ||
      isAppFile(this.#options.app.files, key) ||
      inputs.has(stem(key)) ||
      /^(?:tsconfig|package)\.json$/.test(basename(key))
    );
  }

  async #rebuild(): Promise<LoadedFunction> {
    [this.#hasInputs, this.#isFailed] = [false, false];
    try {
      const loaded = await this.#makeBuild();
      // The build may have read the file before the change, so the next load builds again.
      if ([...this.#changedData].some((key) => this.#reads(key))) this.#build = undefined;
      this.#changedData.clear();
      return loaded;
    } catch (error) {
      this.#isFailed = true;
      throw error;
    }
  }

  async #makeBuild(): Promise<LoadedFunction> {
    this.#directory = undefined;
    // Runs while esbuild works; a failure surfaces where the build is written.
    const cleanup = removeOldBuilds(join(this.#options.out, this.plan.id), this.#hash);
    cleanup.catch(() => undefined);
    const { app, target } = this.#options;
    const scan = await this.#scan();
    const light = target === "lambda" && !this.plan.job && wantsLightClasses(app);
    const entry = (web: boolean): string => devEntry(this.#options, this.plan, this.#scanned(scan), web);
    let linked = await this.#bundle(entry(light), true);
    if (importsLog(reachable(linked.metafile, [keyOf(this.plan.id)])) !== this.#logs) {
      this.#logs = !this.#logs;
      linked = await this.#bundle(entry(light), true);
    }
    let { metafile, files } = linked;
    const sources = sourcesOf(this.plan);
    const notes = await checkNativeModules(app.root, target, { metafile, entry: keyOf(this.plan.id), files: sources });
    const missing = target === "workers" ? nodeOnlyNames(app.root, metafile, files) : [];
    for (const text of [...linked.warnings, ...notes, ...missing, ...decoratorWarnings(app.root, sources)])
      this.#options.onWarning?.(text);
    if (light) {
      const code = codeOf(files);
      // As in production, whose build also warns of the reason.
      if (webClassConflict(reachable(metafile, [keyOf(this.plan.id)]), code))
        ({ metafile, files } = await this.#bundle(entry(false)));
      else files = appendLine(files, cloneGuard(code));
    }
    if (target !== "workers") files = new Map([...readAppFiles(app.root, app.files), ...files]);
    const packages =
      target === "lambda" ? importedPackages(metafile, Object.keys(metafile.inputs), app.lambda.packages ?? []) : [];
    const loaded = await this.#write(files, cleanup);
    linkPackages(app.root, loaded.directory, packages);
    this.#recordInputs(Object.keys(metafile.inputs));
    return { ...loaded, ...needsOf(reachable(metafile, [keyOf(this.plan.id)])), imports: ownImports(metafile) };
  }

  #scanned({ methods }: Scan): readonly ScannedRoute[] {
    const logs = this.#logs;
    return this.plan.routes.map((route) => ({ ...route, methods: methods.get(route.id) ?? [], logs }));
  }

  /** Scans the routes' exports, and bundles the last entry at the same time, since most edits do not change exports. */
  async #scan(): Promise<Scan> {
    const last = this.#entry ?? guessEntry(this.#options, this.plan);
    // Its failure counts only if the entry is used, and must not be unhandled before the scan ends.
    const bundling = last === undefined ? undefined : this.#rebundle(last).then(returning, throwing);
    const scanning = scanPlan(this.#options.app.root, this.#options.target, this.plan);
    try {
      return await scanning;
    } finally {
      // Two rebuilds of one context must not overlap.
      const result = await bundling;
      this.#speculative = last !== undefined && result ? { entry: last, result } : undefined;
    }
  }

  /** @param isFirst whether this is the first entry of this build */
  async #bundle(entry: string, isFirst = false): Promise<BundledEntry> {
    const speculative = this.#speculative?.entry === entry ? this.#speculative : undefined;
    this.#speculative = undefined;
    if (isFirst) this.#entry = entry;
    return speculative ? speculative.result() : this.#rebundle(entry);
  }

  async #rebundle(text: string): Promise<BundledEntry> {
    const { target, app } = this.#options;
    const { root } = app;
    const link = async (order: EvaluationOrder) => {
      if (this.#context?.text !== text || this.#context.order !== order) {
        const before = this.#context;
        this.#context = { text, order, esbuild: context(devOptions(this.#options, this.plan.id, text, order)) };
        await (await before?.esbuild)?.dispose();
      }
      return (await this.#context.esbuild).rebuild();
    };
    const first = this.#context?.order;
    const {
      metafile,
      outputFiles,
      warnings: messages,
    } = await withUserErrors(root, bundleInOrder(root, [keyOf(this.plan.id)], link, first));
    return {
      metafile,
      warnings: warningTexts(messages),
      files: includeReferencedFiles({ root, target, metafile, files: readOutputs(root, outputFiles) }),
    };
  }

  async #write(files: ReadonlyMap<string, Uint8Array>, cleanup: Promise<void>): Promise<LoadedFunction> {
    const { app, env, out } = this.#options;
    const { id } = this.plan;
    const settings = devSettings(app, this.plan);
    const hash = createHash("sha256").update(JSON.stringify([env, settings]));
    for (const [name, bytes] of files) hash.update(`${name}\0`).update(bytes);
    const digest = hash.digest("hex").slice(0, 16);
    const directory = join(out, id, digest);
    await writeBuild(directory, files, cleanup);
    return this.#loaded(directory);
  }

  #loaded(directory: string): LoadedFunction {
    this.#directory = directory;
    this.#hash = basename(directory);
    return {
      id: this.plan.id,
      hash: this.#hash,
      directory,
      main: "index.mjs",
      ...devSettings(this.#options.app, this.plan),
      env: this.#options.env,
    };
  }

  #recordInputs(keys: readonly string[]): void {
    this.#inputs = new Set([...keys.map(missingTemplate), ...keys.map(stem), ...sourcesOf(this.plan)]);
    this.#hasInputs = true;
    reportOutsideFolders(this.#options, keys);
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
    await (await this.#context?.esbuild)?.dispose();
  }
}

const devOptions = ({ app, target, jobs }: DevOptions, name: string, text: string, order: EvaluationOrder) =>
  functionOptions(appResolution(app, target), "development", { name, text }, order, [
    ...jobsClientModule(target, jobs),
    logModule(target, app),
  ]);

type DevContext = BuildContext<ReturnType<typeof devOptions>>;

const returning =
  <T>(value: T) =>
  (): T =>
    value;
const throwing = (error: unknown) => (): never => {
  throw error;
};

/** The specifier of a file's import without its extension, or of its folder for an index file. */
const stem = (key: string): string => key.replace(/(?:\/index)?\.[a-z]+$/i, "");
