/** Lambda's build: routes in, one self-contained module and one zip per function out. */
import { build, type BuildResult, type Metafile } from "esbuild";
import { assetFolders } from "../model/asset-folders.ts";
import type { BuiltFunction } from "../model/manifest.ts";
import type { Bundle, BundleInput } from "./bundle.ts";
import { assetsEntry, functionEntry, type ScannedRoute, withLight } from "./entry.ts";
import { orUserError, warnings } from "./errors.ts";
import { middlewareBytes } from "./graph.ts";
import { type FunctionPlan, functionSettings, groupRoutes } from "./group.ts";
import { assetFiles, bufferedLimit, checkAssets, streamedLimit } from "./lambda-assets.ts";
import { pack, type Packed } from "./lambda-package.ts";
import { bundleOptions, outputKey, readOutputs } from "./options.ts";
import { urlEntry } from "./router-entry.ts";
import { lightDoubt, wantsLight } from "./web-classes.ts";

/** One esbuild call, which links each entry alone: a function's bytes depend on what it imports and on nothing else. */
export const buildLambda = (input: BundleInput): Promise<Bundle> =>
  input.app.lambda.front === "function-url" ? buildForUrl(input) : buildForApi(input);

async function buildForApi({ app, routes, assets, warn }: BundleInput): Promise<Bundle> {
  checkAssets(assets, bufferedLimit);
  const plans = groupRoutes(app.group, "lambda", routes);
  const entries = [
    ...plans.map(({ id, routes: members }): Entry => ({ name: id, out: `functions/${id}`, text: functionEntry("lambda", members) })),
    { name: "assets", out: "assets/index", text: assetsEntry },
  ];
  const linked = await linkAll(app, entries, warn);
  const built = await Promise.all(plans.map((plan) => packFunction(app, linked, plan)));
  const files = new Map([...moduleFiles(linked, "assets/index.mjs"), ...(await assetFiles(app.root, assets))]);
  const fallback = await packWithAssets({ id: "assets", middlewareBytes: 0, settings: { memory: 256, timeout: 10 } }, files);
  return {
    files: new Map([...built, fallback].flatMap((packed) => [...packed.files])),
    functions: built.map(({ fn }) => fn),
    assetsFunction: fallback.fn,
  };
}

/** The one function of the app, its static files inside. */
async function buildForUrl({ app, routes, assets, warn }: BundleInput): Promise<Bundle> {
  const plan: FunctionPlan<ScannedRoute> = { id: "app", routes };
  const settings = functionSettings(app, plan);
  checkAssets(assets, streamedLimit(settings.timeout), settings.timeout);
  const text = urlEntry(routes, assets.length ? assetFolders(routes, assets) : undefined);
  const linked = await linkAll(app, [{ name: "app", out: "app/index", text }], warn);
  const own = assets.length ? await assetFiles(app.root, assets) : [];
  const about = { id: "app", middlewareBytes: addedByMiddleware(linked, plan, "app/index.mjs"), settings };
  const { fn, files } = await packWithAssets(about, new Map([...moduleFiles(linked, "app/index.mjs"), ...own]));
  return { files, functions: [fn] };
}

/** A generated entry, and where its bundle goes. */
interface Entry {
  readonly name: string;
  readonly out: string;
  readonly text: string;
}

type Result = BuildResult<ReturnType<typeof bundleOptions>>;

/** What esbuild made of the entries. */
interface Linked {
  readonly outputs: ReadonlyMap<string, Uint8Array>;
  readonly metafile: Metafile;
}

async function link(app: BundleInput["app"], entries: readonly Entry[]): Promise<Result> {
  const texts = new Map(entries.map(({ name, text }) => [`entry/${name}`, text]));
  const options = bundleOptions({ root: app.root, target: "lambda", entries: texts }, "production");
  const entryPoints = entries.map(({ name, out }) => ({ in: `portico:entry/${name}`, out }));
  return orUserError(app.root, build({ ...options, entryPoints, outExtension: { ".js": ".mjs" } }));
}

/** With the light web classes where they are wanted; those functions that cannot have them are linked again, which is rare. */
async function linkAll(app: BundleInput["app"], entries: readonly Entry[], warn: BundleInput["warn"]): Promise<Linked> {
  const light = wantsLight(app);
  const first = await link(app, light ? entries.map((entry) => ({ ...entry, text: withLight(entry.text) })) : entries);
  for (const text of warnings(first.warnings)) warn(text);
  if (!light) return merge(app, [first]);
  const outputs = readOutputs(app.root, first.outputFiles);
  const doubtful = entries.filter(({ name, out }) => {
    const why = lightDoubt(first.metafile, `portico:entry/${name}`, Buffer.from(outputs.get(`${out}.mjs`) ?? []).toString());
    if (why) warn(`the function ${name} keeps the platform's web classes, which start more slowly: ${why}`);
    return why;
  });
  return merge(app, doubtful.length ? [first, await link(app, doubtful)] : [first]);
}

/** The last one's outputs and inputs stand. */
const merge = (app: BundleInput["app"], results: readonly Result[]): Linked => ({
  outputs: new Map(results.flatMap((result) => [...readOutputs(app.root, result.outputFiles)])),
  metafile: {
    inputs: Object.assign({}, ...results.map(({ metafile }) => metafile.inputs)) as Metafile["inputs"],
    outputs: Object.assign({}, ...results.map(({ metafile }) => metafile.outputs)) as Metafile["outputs"],
  },
});

function packFunction(app: BundleInput["app"], linked: Linked, plan: FunctionPlan<ScannedRoute>): Promise<Packed> {
  const { id } = plan;
  const main = `functions/${id}.mjs`;
  const about = { id, middlewareBytes: addedByMiddleware(linked, plan, main), settings: functionSettings(app, plan) };
  return pack(about, { main, zip: `functions/${id}.zip` }, moduleFiles(linked, main));
}

function addedByMiddleware({ metafile }: Linked, { id, routes }: FunctionPlan<ScannedRoute>, main: string): number {
  const middleware = new Set(routes.flatMap(({ middleware: files }) => files));
  return middlewareBytes(metafile, `portico:entry/${id}`, [outputKey(main)], middleware);
}

/** The module and its map, by their names in the zip. */
const moduleFiles = ({ outputs }: Linked, main: string): ReadonlyMap<string, Uint8Array> =>
  new Map(["", ".map"].map((end) => [`index.mjs${end}`, outputs.get(main + end) ?? new Uint8Array()]));

/** Unpacked too, where its module finds its files beside it. */
async function packWithAssets(about: Pick<BuiltFunction, "id" | "middlewareBytes" | "settings">, files: ReadonlyMap<string, Uint8Array>) {
  const { id } = about;
  const packed = await pack(about, { main: `${id}/index.mjs`, zip: `${id}.zip` }, files);
  const unpacked = [...files].map(([name, bytes]) => [`${id}/${name}`, bytes] as const);
  return { ...packed, files: new Map([...unpacked, ...packed.files]) };
}
