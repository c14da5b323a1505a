/** The build for Workers and for Node: routes in, a small router, one lazily imported module per route and their shared chunks out. */
import { build, type Metafile } from "esbuild";
import { assetFolders } from "../model/asset-folders.ts";
import type { BuiltFunction } from "../model/manifest.ts";
import { missingPage } from "../runtime/assets.ts";
import type { BundleInput } from "./bundle.ts";
import { routeEntry, type ScannedRoute } from "./entry.ts";
import { routerEntry } from "./router-entry.ts";
import { orUserError, warnings } from "./errors.ts";
import { createGraphHasher, middlewareBytes, staticOutputs } from "./graph.ts";
import { functionSettings } from "./group.ts";
import { bundleOptions, outputKey, readOutputs } from "./options.ts";

/** The files by name, `index.js` the main module, and the functions among them. */
export interface SplitBundle {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly functions: readonly BuiltFunction[];
}

/** @param envNames what functions may see of the Worker's env */
export async function buildSplit(
  { app, routes, assets, evidence, warn }: BundleInput,
  target: "workers" | "node",
  envNames: readonly string[],
): Promise<SplitBundle> {
  const modules = routes.map((route) => [`function/${route.id}`, routeEntry(route)] as const);
  const router = routerEntry(target, routes, envNames, {
    folders: assetFolders(routes, assets),
    indexes: assets.map(({ path }) => path).filter((path) => path.endsWith("/index.html")),
    page: assets.some(({ path }) => path === missingPage),
  });
  const names = { root: app.root, target, entries: new Map([...modules, ["entry/router", router]]) };
  const entryPoints = [
    { in: "portico:entry/router", out: "index" },
    ...routes.map(({ id }) => ({ in: `portico:function/${id}`, out: `functions/${id}` })),
  ];
  const splitting = { splitting: true, chunkNames: "chunks/[name]-[hash]", assetNames: "modules/[name]-[hash]" };
  const result = await orUserError(app.root, build({ ...bundleOptions(names, "production"), ...splitting, entryPoints }));
  for (const text of warnings(result.warnings)) warn(text);
  evidence.add(result.metafile);
  const hash = createGraphHasher(names, result.metafile);
  const describe = async (route: ScannedRoute): Promise<BuiltFunction> => ({
    id: route.id,
    hash: await hash(`portico:function/${route.id}`),
    ...sizes(result.metafile, route),
    main: `functions/${route.id}.js`,
    settings: functionSettings(app, { id: route.id, routes: [route] }),
  });
  return { files: readOutputs(app.root, result.outputFiles), functions: await Promise.all(routes.map(describe)) };
}

function sizes(metafile: Metafile, { id, middleware }: ScannedRoute): Pick<BuiltFunction, "bytes" | "middlewareBytes"> {
  const outputs = staticOutputs(metafile, outputKey(`functions/${id}.js`));
  return {
    bytes: outputs.reduce((sum, output) => sum + (metafile.outputs[output]?.bytes ?? 0), 0),
    middlewareBytes: middlewareBytes(metafile, `portico:function/${id}`, outputs, new Set(middleware)),
  };
}
