/** Bundles Lambda functions in batches with esbuild, on the light web classes where a function allows them. */
import { build, type BuildResult, type Metafile } from "esbuild";
import { appResolution, type ResolvedApp } from "../app-resolution.ts";
import type { BundleInput } from "../bundle.ts";
import type { ScannedRoute } from "../function-entry.ts";
import { inBatches } from "../batches.ts";
import { withUserErrors, warningTexts } from "../build-errors.ts";
import { importsLog, middlewareBytes, reachable } from "../import-graph.ts";
import { jobsClientModule } from "../jobs-entry.ts";
import { logModule } from "../log-module.ts";
import {
  bundleWithOrder,
  evaluationOrder,
  type EvaluationOrder,
  defaultOrder,
  deferringLine,
  hasLateImports,
} from "../evaluation-order.ts";
import { bundleOptions, type Mode, outputKey, readOutputs } from "../esbuild-options.ts";
import type { ResolutionOptions } from "../esbuild-plugin.ts";
import { includeReferencedFiles } from "../referenced-files.ts";
import { cloneGuard, webClassConflict, wantsLightClasses, type WebClasses } from "./web-classes.ts";

/** A function before it is bundled. */
export interface FunctionSource {
  readonly name: string;
  /** The text of its entry module for a kind of web classes. @param routes its own, of which some may log */
  readonly text: (web: WebClasses, routes: readonly ScannedRoute[]) => string;
  readonly routes: readonly ScannedRoute[];
}

/** A bundled function. */
export interface LinkedFunction {
  /**
   * By their names in the zip: `index.mjs`, its map, and files for dynamically imported modules.
   */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** esbuild's metafile, which may describe other functions too. */
  readonly metafile: Metafile;
  /** The key of its entry in the metafile. */
  readonly entry: string;
  /** Keys of all that it is bundled from, its entry too. */
  readonly inputs: ReadonlySet<string>;
  readonly middlewareBytes: number;
  /** esbuild's warnings, each one line with its place. */
  readonly warnings: readonly string[];
}

/** A function whose web classes are chosen. */
type EntryText = Omit<FunctionSource, "text"> & { readonly text: string };

type App = ResolvedApp & {
  /** Other modules that functions may import as `portico:NAME`. */
  readonly generated: readonly (readonly [name: string, text: string])[];
};
type LinkInput = Pick<BundleInput, "app" | "inputs" | "jobs">;
type Links = (name: string) => LinkedFunction;

/** A function as its first link made it, and why it is linked again. */
interface FirstLink {
  readonly source: FunctionSource;
  readonly fn: LinkedFunction;
  /** The default one where the bundle is right as it is. */
  readonly order: EvaluationOrder;
  /** The reason why it cannot have the light web classes. */
  readonly conflict: string | undefined;
}

/**
 * Bundles with the light web classes where hosting.json wants them. A function that conflicts with them, that needs an
 * order of evaluation, or that logs is bundled again. Throws UserError BUILD_FAILED with the errors of all functions.
 * @param use receives each function as soon as its batch is bundled
 */
export async function linkFunctions(
  input: LinkInput,
  sources: readonly FunctionSource[],
  use: (fn: LinkedFunction, name: string) => Promise<void>,
): Promise<void> {
  await inBatches(input.app.root, sources, batchSize, async (batch) => {
    const linked = await linkBatch(input, batch);
    await Promise.all(batch.map(async ({ name }) => use(linked(name), name)));
  });
}

/**
 * Functions per call of esbuild, which holds all their bundles in memory until they are zipped; a function's bundle is
 * independent of others.
 */
const batchSize = 32;

/** Bundles one function as `linkFunctions` does. Throws UserError BUILD_FAILED. */
export const linkFunction = async (input: LinkInput, source: FunctionSource): Promise<LinkedFunction> =>
  (await withUserErrors(input.app.root, linkBatch(input, [source])))(source.name);

/** Rejects with esbuild's error. */
async function linkBatch(input: LinkInput, sources: readonly FunctionSource[]): Promise<Links> {
  const first = await linkOnce(input, sources);
  const logging = sources.flatMap((source): readonly FunctionSource[] => {
    if (!importsLog(first(source.name).inputs)) return [];
    return [{ ...source, routes: source.routes.map((route) => ({ ...route, logs: true })) }];
  });
  if (logging.length === 0) return first;
  const second = await linkOnce(input, logging);
  const names = new Set(logging.map(({ name }) => name));
  return (name) => (names.has(name) ? second(name) : first(name));
}

async function linkOnce(
  { app: own, jobs, inputs: collector }: LinkInput,
  sources: readonly FunctionSource[],
): Promise<Links> {
  const generated = [...jobsClientModule("lambda", jobs), logModule("lambda", own)];
  const app: App = { ...own, generated };
  const linked = new Map<string, LinkedFunction>();
  const finish = (name: string, fn: LinkedFunction): void => void linked.set(name, fn);
  const web = wantsLightClasses(app) ? "light" : "platform";
  const drafts = await linkTogether(app, sources, web);
  const inOrder = drafts.filter(({ order }) => order === defaultOrder);
  for (const { source, fn, conflict } of inOrder)
    if (conflict === undefined) finish(source.name, web === "light" ? withCloneGuard(fn) : fn);
  const conflicting = inOrder.filter(({ conflict }) => conflict !== undefined);
  const again = await linkTogether(
    app,
    conflicting.map(({ source }) => source),
    "platform",
  );
  const reasons = new Map(conflicting.map(({ source, conflict }) => [source.name, conflict]));
  for (const { source, fn } of again) finish(source.name, withReason(source.name, fn, reasons.get(source.name)));
  const alone = drafts.filter(({ order }) => order !== defaultOrder);
  await inBatches(app.root, alone, 1, async ([draft]) =>
    finish(draft!.source.name, await linkInOrder(app, draft!, web)),
  );
  for (const metafile of new Set([
    ...drafts.map(({ fn }) => fn.metafile),
    ...[...linked.values()].map((fn) => fn.metafile),
  ]))
    collector.add(metafile);
  return (name) => {
    const fn = linked.get(name);
    if (!fn) throw new Error(`the function ${name} was not bundled`);
    return fn;
  };
}

/** Links a function alone, in its order of evaluation; on the platform's web classes if it conflicts with others. */
async function linkInOrder(app: App, { source, order, conflict }: FirstLink, web: WebClasses): Promise<LinkedFunction> {
  const onPlatform = async (reason: string): Promise<LinkedFunction> =>
    withReason(source.name, await linkAlone(app, withClasses(source, "platform"), order), reason);
  if (conflict !== undefined) return onPlatform(conflict);
  const fn = await linkAlone(app, withClasses(source, web), order);
  if (web === "platform") return fn;
  const found = webClassConflict(fn.inputs, codeOf(fn.files));
  return found === undefined ? withCloneGuard(fn) : onPlatform(found);
}

const withClasses = (source: FunctionSource, web: WebClasses): EntryText => ({
  ...source,
  text: source.text(web, source.routes),
});

const withCloneGuard = (fn: LinkedFunction): LinkedFunction => ({
  ...fn,
  files: appendLine(fn.files, cloneGuard(codeOf(fn.files))),
});

const withReason = (name: string, fn: LinkedFunction, reason: string | undefined): LinkedFunction => ({
  ...fn,
  warnings: [
    `the function ${name} uses the platform's web classes, which start more slowly: ${reason}`,
    ...fn.warnings,
  ],
});

/** The code of a function's modules as one text. */
export const codeOf = (files: LinkedFunction["files"]): string =>
  [...files]
    .flatMap(([name, bytes]) =>
      name.endsWith(".mjs") ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString() : [],
    )
    .join("\n");

/** The same files with a line appended to `index.mjs`. */
export const appendLine = (files: LinkedFunction["files"], line: string): LinkedFunction["files"] =>
  line === ""
    ? files
    : new Map(files).set("index.mjs", Buffer.concat([files.get("index.mjs") ?? new Uint8Array(), Buffer.from(line)]));

/** In one call of esbuild. */
async function linkTogether(
  app: App,
  sources: readonly FunctionSource[],
  web: WebClasses,
): Promise<readonly FirstLink[]> {
  if (sources.length === 0) return [];
  const { root } = app;
  const own = sources.map((source) => [`entry/${source.name}`, source.text(web, source.routes)] as const);
  const entries = new Map([...app.generated, ...own]);
  const entryPoints = sources.map(({ name }) => ({ in: keyOf(name), out: `${name}/index` }));
  const options = bundleOptions({ ...appResolution(app, "lambda"), entries }, "production");
  const result = await build({ ...options, entryPoints });
  const isOrdered = !hasLateImports(result.metafile);
  const outputs = Map.groupBy(readOutputs(root, result.outputFiles), ([name]) => name.slice(0, name.indexOf("/")));
  return sources.map((source) => {
    const files = (outputs.get(source.name) ?? []).map(
      ([name, bytes]) => [name.slice(source.name.length + 1), bytes] as const,
    );
    const fn = toFunction(root, source, result, new Map(files), `${source.name}/`);
    const order = isOrdered ? defaultOrder : evaluationOrder(root, result.metafile, [keyOf(source.name)]);
    const conflict = web === "light" ? webClassConflict(fn.inputs, codeOf(fn.files)) : undefined;
    return { source, fn, order, conflict };
  });
}

async function linkAlone(app: App, entry: EntryText, order: EvaluationOrder): Promise<LinkedFunction> {
  const link = (to: EvaluationOrder) =>
    build(functionOptions(appResolution(app, "lambda"), "production", entry, to, app.generated));
  const result = await withUserErrors(app.root, bundleWithOrder(order, link));
  return toFunction(app.root, entry, result, readOutputs(app.root, result.outputFiles));
}

/** The metafile's key of a function's entry. */
export const keyOf = (name: string): string => `portico:entry/${name}`;

/**
 * esbuild's options for one function that is bundled alone; its outputs have the names of its zip.
 * @param generated other modules that it may import as `portico:NAME`
 */
export function functionOptions(
  resolution: Omit<ResolutionOptions, "entries">,
  mode: Mode,
  { name, text }: Pick<EntryText, "name" | "text">,
  order: EvaluationOrder,
  generated: readonly (readonly [name: string, text: string])[] = [],
) {
  const entries = new Map([...generated, [`entry/${name}`, text + deferringLine(order, keyOf(name))]]);
  return {
    ...bundleOptions({ ...resolution, entries }, mode, order),
    entryPoints: [{ in: keyOf(name), out: "index" }],
  };
}

/** @param folder prefix of its outputs in the metafile */
function toFunction(
  root: string,
  { name, routes }: Pick<FunctionSource, "name" | "routes">,
  { metafile, warnings: messages }: Pick<BuildResult<{ metafile: true }>, "metafile" | "warnings">,
  outputFiles: LinkedFunction["files"],
  folder = "",
): LinkedFunction {
  const entry = keyOf(name);
  const outputs = [...outputFiles.keys()].map((file) => outputKey(folder + file));
  // First, since it adds inputs.
  const files = includeReferencedFiles({ root, target: "lambda", metafile, files: outputFiles });
  const inputs = reachable(metafile, [entry]);
  return {
    files,
    metafile,
    entry,
    inputs,
    middlewareBytes: middlewareBytes(metafile, entry, outputs, new Set(routes.flatMap(({ middleware }) => middleware))),
    warnings: warningTexts(
      messages.filter(({ location }) => !location || !metafile.inputs[location.file] || inputs.has(location.file)),
    ),
  };
}
