/** Builds one target of an app: routes and assets in, a folder of functions with its manifest out. */
import type { App } from "../model/app.ts";
import type { BuiltAsset, Manifest } from "../model/manifest.ts";
import type { Route } from "../model/route.ts";
import type { Target } from "../model/target.ts";
import type { Bundle, BundleInput } from "./bundle.ts";
import { functionId } from "./group.ts";
import { buildLambda } from "./lambda.ts";
import { buildNode } from "./node.ts";
import { replaceFolder } from "./replace-folder.ts";
import { scanRoutes } from "./scan.ts";
import { buildWorkers } from "./workers.ts";

/** What to build. */
export interface BuildInput {
  readonly app: App;
  /** In order of precedence. */
  readonly routes: readonly Route[];
  readonly assets: readonly BuiltAsset[];
  readonly target: Target;
  /** Absolute path of the target's folder: `.portico/build/<target>`. Replaced whole, and only when all went well. */
  readonly out: string;
  /** Told what esbuild warns of; nowhere when absent. */
  readonly warn?: (text: string) => void;
}

const builders: Readonly<Record<Target, (input: BundleInput) => Promise<Bundle>>> = {
  lambda: buildLambda,
  workers: buildWorkers,
  node: buildNode,
};

/** User code is read, never run. Throws UserError for what does not build or is over a limit of the target. */
export async function buildApp({ app, routes, assets, target, out, warn = () => {} }: BuildInput): Promise<Manifest> {
  const { methods, modules } = await scanRoutes(app.root, target, routes);
  const scanned = routes.map((route) => ({ ...route, methods: methods.get(route.id) ?? [] }));
  const { files, ...bundle } = await builders[target]({ app, routes: scanned, modules, assets, warn });
  const { root: _, ...portable } = app;
  const manifest: Manifest = {
    schemaVersion: 1,
    target,
    app: portable,
    routes: scanned.map((route) => ({ ...route, function: functionId(app.group, target, route) })),
    assets,
    ...bundle,
  };
  await replaceFolder(out, new Map([...files, ["manifest.json", Buffer.from(stableJson(manifest))]]));
  return manifest;
}

/** Keys sorted, so that equal values are equal bytes. */
function stableJson(value: unknown): string {
  const sorted = (_: string, inner: unknown): unknown =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner;
  return `${JSON.stringify(value, sorted, 2)}\n`;
}
