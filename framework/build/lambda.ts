/** Lambda's build: routes in, one self-contained module and one zip per function out. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type BuildResult, type Metafile } from "esbuild";
import type { BuiltAsset, BuiltFunction } from "../model/manifest.ts";
import { UserError } from "../model/user-error.ts";
import type { Bundle, BundleInput } from "./bundle.ts";
import { assetsEntry, functionEntry, type ScannedRoute, withLight } from "./entry.ts";
import { orUserError, warnings } from "./errors.ts";
import { middlewareBytes } from "./graph.ts";
import { type FunctionPlan, functionSettings, groupRoutes } from "./group.ts";
import { bundleOptions, outputKey, readOutputs } from "./options.ts";
import { lightDoubt, wantsLight } from "./web-classes.ts";
import { zip } from "./zip.ts";

/** AWS Lambda quotas (docs.aws.amazon.com, "Lambda quotas"): a direct upload, a package unzipped, a response that base64 makes a third longer. */
export const lambdaLimits = { zip: 50 * 1024 ** 2, unzipped: 250 * 1024 ** 2, asset: 4.4 * 1024 ** 2 } as const;

/** One esbuild call, which links each entry alone: a function's bytes depend on what it imports and on nothing else. */
export async function buildLambda({ app, routes, assets, warn }: BundleInput): Promise<Bundle> {
  for (const asset of assets) checkAsset(asset);
  const plans = groupRoutes(app.group, "lambda", routes);
  const entries = [
    ...plans.map(({ id, routes: members }): Entry => ({ name: id, out: `functions/${id}`, text: functionEntry("lambda", members) })),
    { name: "assets", out: "assets/index", text: assetsEntry },
  ];
  const results = await linkAll(app, entries, warn);
  const outputs = new Map(results.flatMap((result) => [...readOutputs(app.root, result.outputFiles)]));
  const metafile = mergeMetafiles(results.map((result) => result.metafile));
  const built = await Promise.all(plans.map((plan) => packFunction({ app, outputs, metafile }, plan)));
  const fallback = await packAssets(outputs, assets, await readAssets(app.root, assets));
  return {
    files: new Map([...built, fallback].flatMap(({ files }) => [...files])),
    functions: built.map(({ fn }) => fn),
    assetsFunction: fallback.fn,
  };
}

/** A generated entry, and where its bundle goes. */
interface Entry {
  readonly name: string;
  readonly out: string;
  readonly text: string;
}

type Linked = BuildResult<ReturnType<typeof bundleOptions>>;

async function link(app: BundleInput["app"], entries: readonly Entry[]): Promise<Linked> {
  const texts = new Map(entries.map(({ name, text }) => [`entry/${name}`, text]));
  const options = bundleOptions({ root: app.root, target: "lambda", entries: texts }, "production");
  const entryPoints = entries.map(({ name, out }) => ({ in: `portico:entry/${name}`, out }));
  return orUserError(app.root, build({ ...options, entryPoints, outExtension: { ".js": ".mjs" } }));
}

/** With the light web classes where they are wanted; those functions that cannot have them are linked again, which is rare. */
async function linkAll(app: BundleInput["app"], entries: readonly Entry[], warn: BundleInput["warn"]): Promise<readonly Linked[]> {
  const light = wantsLight(app);
  const first = await link(app, light ? entries.map((entry) => ({ ...entry, text: withLight(entry.text) })) : entries);
  for (const text of warnings(first.warnings)) warn(text);
  if (!light) return [first];
  const outputs = readOutputs(app.root, first.outputFiles);
  const doubtful = entries.filter(({ name, out }) => {
    const why = lightDoubt(first.metafile, `portico:entry/${name}`, Buffer.from(outputs.get(`${out}.mjs`) ?? []).toString());
    if (why) warn(`the function ${name} keeps the platform's web classes, which start more slowly: ${why}`);
    return why;
  });
  return doubtful.length ? [first, await link(app, doubtful)] : [first];
}

/** The last one's outputs and inputs stand. */
const mergeMetafiles = (metafiles: readonly Metafile[]): Metafile => ({
  inputs: Object.assign({}, ...metafiles.map(({ inputs }) => inputs)) as Metafile["inputs"],
  outputs: Object.assign({}, ...metafiles.map(({ outputs }) => outputs)) as Metafile["outputs"],
});

interface Packed {
  readonly fn: BuiltFunction;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

interface Outputs {
  readonly app: BundleInput["app"];
  readonly outputs: ReadonlyMap<string, Uint8Array>;
  readonly metafile: Metafile;
}

function packFunction({ app, outputs, metafile }: Outputs, plan: FunctionPlan<ScannedRoute>): Promise<Packed> {
  const { id, routes } = plan;
  const middleware = new Set(routes.flatMap(({ middleware: files }) => files));
  const added = middlewareBytes(metafile, `portico:entry/${id}`, [outputKey(`functions/${id}.mjs`)], middleware);
  return pack(
    { id, middlewareBytes: added, settings: functionSettings(app, plan) },
    { main: `functions/${id}.mjs`, zip: `functions/${id}.zip` },
    moduleFiles(outputs, `functions/${id}.mjs`),
  );
}

/** The module and its map, by their names in the zip. */
const moduleFiles = (outputs: ReadonlyMap<string, Uint8Array>, main: string): ReadonlyMap<string, Uint8Array> =>
  new Map(["", ".map"].map((end) => [`index.mjs${end}`, outputs.get(main + end) ?? new Uint8Array()]));

/** Unpacked too, where its module finds its files beside it. */
async function packAssets(
  outputs: ReadonlyMap<string, Uint8Array>,
  assets: readonly BuiltAsset[],
  contents: ReadonlyMap<string, Uint8Array>,
): Promise<Packed> {
  const table = assets.map(({ encodings, ...asset }) => ({
    ...asset,
    file: asset.hash,
    ...(encodings && { encodings: encodings.map((encoded) => ({ ...encoded, file: encoded.hash })) }),
  }));
  const files = new Map(moduleFiles(outputs, "assets/index.mjs")).set("assets.json", Buffer.from(JSON.stringify(table)));
  for (const [hash, bytes] of contents) files.set(`assets/${hash}`, bytes);
  const about = { id: "assets", middlewareBytes: 0, settings: { memory: 256, timeout: 10 } };
  const packed = await pack(about, { main: "assets/index.mjs", zip: "assets.zip" }, files);
  const unpacked = [...files].map(([name, bytes]) => [`assets/${name}`, bytes] as const);
  return { ...packed, files: new Map([...unpacked, ...packed.files]) };
}

/** @param files by their names in the zip; beside it only the module is written, to be read and run */
async function pack(
  fn: Pick<BuiltFunction, "id" | "middlewareBytes" | "settings">,
  { main, zip: archiveName }: { readonly main: string; readonly zip: string },
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Packed> {
  checkSize(
    fn.id,
    "unzipped",
    [...files.values()].reduce((sum, { length }) => sum + length, 0),
    lambdaLimits.unzipped,
  );
  const archive = await zip(files);
  checkSize(fn.id, "zipped", archive.length, lambdaLimits.zip);
  const module = files.get("index.mjs") ?? new Uint8Array();
  return {
    fn: { ...fn, hash: hashFiles(files), bytes: module.length, main, zip: archiveName },
    files: new Map([
      [main, module],
      [archiveName, archive],
    ]),
  };
}

/** Over names and contents and not the zip, whose bytes another version of zlib may change. */
function hashFiles(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash("sha256");
  for (const [name, bytes] of files) hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  return hash.digest("hex");
}

const inMB = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MB`;

function checkSize(id: string, state: string, bytes: number, limit: number): void {
  if (bytes <= limit) return;
  const fix =
    id === "assets" ? "Serve large files from elsewhere, such as a bucket." : "Import less: portico routes shows what each route weighs.";
  throw new UserError("FUNCTION_TOO_LARGE", `the function ${id} is ${inMB(bytes)} ${state}; Lambda takes ${inMB(limit)}`, fix);
}

function checkAsset({ file, bytes }: BuiltAsset): void {
  if (bytes <= lambdaLimits.asset) return;
  const message = `${file} is ${inMB(bytes)}; a Lambda function can answer with at most ${inMB(lambdaLimits.asset)}`;
  throw new UserError("ASSET_TOO_LARGE", message, "Make it smaller, or serve it from elsewhere, such as a bucket.", { at: { file } });
}

/** Contents by hash, each once. Throws UserError ASSET_CHANGED for a file that is not what was listed. */
async function readAssets(root: string, assets: readonly BuiltAsset[]): Promise<ReadonlyMap<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  for (const { file, hash } of assets.flatMap((asset) => [asset, ...(asset.encodings ?? [])])) {
    if (contents.has(hash)) continue;
    const bytes = await readFile(join(root, file));
    if (createHash("sha256").update(bytes).digest("hex") !== hash)
      throw new UserError("ASSET_CHANGED", `${file} changed during the build`, "Build again.", { at: { file } });
    contents.set(hash, bytes);
  }
  return contents;
}
