/** Lambda's build: routes in, one self-contained module and one zip per function out. */
import { assetFolders } from "../model/asset-folders.ts";
import type { BuiltFunction } from "../model/manifest.ts";
import type { Bundle, BundleInput } from "./bundle.ts";
import { assetsEntry, functionEntry, type ScannedRoute } from "./entry.ts";
import { type FunctionPlan, functionSettings, groupRoutes } from "./group.ts";
import { assetFiles, bufferedLimit, checkAssets, streamedLimit } from "./lambda-assets.ts";
import { pack, type Packed } from "./lambda-package.ts";
import { type Entry, type LinkedFunction, linkFunctions } from "./link.ts";
import { urlEntry } from "./router-entry.ts";
import type { WebClasses } from "./web-classes.ts";
import type { Content } from "./zip.ts";

/** A function's bytes depend on what it imports and on nothing else: no other route can change them. */
export const buildLambda = (input: BundleInput): Promise<Bundle> =>
  input.app.lambda.front === "function-url" ? buildForUrl(input) : buildForApi(input);

async function buildForApi(input: BundleInput): Promise<Bundle> {
  const { app, routes, assets } = input;
  checkAssets(assets, bufferedLimit);
  const plans = groupRoutes(app.group, "lambda", routes);
  const linked = await linkFunctions(input, [
    ...plans.map(({ id, routes: members }): Entry => ({
      name: id,
      text: (web) => functionEntry("lambda", members, web),
      routes: members,
    })),
    { name: "assets", text: assetsEntry, routes: [] },
  ]);
  const built = await Promise.all(plans.map((plan) => packFunction(app, linked(plan.id), plan)));
  const files = new Map([...moduleFiles(linked("assets")), ...(await assetFiles(app.root, assets))]);
  const fallback = await packWithAssets({ id: "assets", middlewareBytes: 0, settings: { memory: 256, timeout: 10 } }, files);
  return {
    files: new Map([...built, fallback].flatMap((packed) => [...packed.files])),
    functions: built.map(({ fn }) => fn),
    assetsFunction: fallback.fn,
  };
}

/** The one function of the app, its static files inside; with none of its own it can still be given those of earlier releases. */
async function buildForUrl(input: BundleInput): Promise<Bundle> {
  const { app, routes, assets } = input;
  const settings = functionSettings(app, { id: "app", routes });
  checkAssets(assets, streamedLimit(settings.timeout), settings.timeout);
  const text = (web: WebClasses): string => urlEntry(routes, web, assetFolders(routes, assets));
  const linked = (await linkFunctions(input, [{ name: "app", text, routes }]))("app");
  const own = await assetFiles(app.root, assets);
  const about = { id: "app", middlewareBytes: linked.middlewareBytes, settings };
  const { fn, files } = await packWithAssets(about, new Map([...moduleFiles(linked), ...own]));
  return { files, functions: [fn] };
}

function packFunction(app: BundleInput["app"], linked: LinkedFunction, plan: FunctionPlan<ScannedRoute>): Promise<Packed> {
  const { id } = plan;
  const about = { id, middlewareBytes: linked.middlewareBytes, settings: functionSettings(app, plan) };
  return pack(about, { main: `functions/${id}.mjs`, zip: `functions/${id}.zip` }, moduleFiles(linked));
}

/** The module and its map, by their names in the zip. */
const moduleFiles = ({ code, map }: LinkedFunction): ReadonlyMap<string, Content> =>
  new Map([
    ["index.mjs", code],
    ["index.mjs.map", map],
  ]);

/** Unpacked too, where its module finds its files beside it. */
async function packWithAssets(about: Pick<BuiltFunction, "id" | "middlewareBytes" | "settings">, files: ReadonlyMap<string, Content>) {
  const { id } = about;
  const packed = await pack(about, { main: `${id}/index.mjs`, zip: `${id}.zip` }, files);
  const unpacked = [...files].map(([name, content]) => [`${id}/${name}`, Buffer.concat(content)] as const);
  return { ...packed, files: new Map([...unpacked, ...packed.files]) };
}
