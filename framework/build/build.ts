/** Builds one target of an app: routes and assets in, a folder of functions with its manifest out. */
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { version } from "esbuild";
import type { App } from "../model/app.ts";
import { httpApiProblem } from "../model/http-api-limits.ts";
import type { BuiltAsset, Manifest } from "../model/manifest.ts";
import type { Route } from "../model/route.ts";
import type { Target } from "../model/target.ts";
import type { Bundle, BundleInput } from "./bundle.ts";
import { createEvidence, type EvidenceCollector } from "./evidence.ts";
import { functionId } from "./group.ts";
import { buildLambda } from "./lambda.ts";
import { forget, recall, remember } from "./last-build.ts";
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

/**
 * User code is read, never run. A build that would give what the last one gave is not made again. Throws UserError for what does not
 * build or is over a limit of the target.
 */
export async function buildApp(input: BuildInput): Promise<Manifest> {
  const { app, target, out, warn = () => {} } = input;
  const question = { file: join(app.root, ".portico/cache", `${target}.json`), given: givenText(input), out };
  const known = recall(question);
  for (const text of known?.warnings ?? []) warn(text);
  if (known) return JSON.parse(readFileSync(join(out, "manifest.json"), "utf8")) as Manifest;
  const started = Date.now();
  // esbuild names files by their real paths.
  const root = realpathSync(app.root);
  const evidence = createEvidence(root);
  const warnings: string[] = [];
  const said = (text: string): void => {
    warnings.push(text);
    warn(text);
  };
  const { manifest, files } = await make({ ...input, app: { ...app, root } }, evidence, said);
  forget(question.file);
  await replaceFolder(out, files);
  const end = evidence.end();
  if (end) remember(question, end, { names: files.keys(), warnings, started });
  return manifest;
}

async function make({ app, routes, assets, target }: BuildInput, evidence: EvidenceCollector, warn: (text: string) => void) {
  const { methods, modules, metafiles } = await scanRoutes(app.root, target, routes);
  for (const metafile of metafiles) evidence.add(metafile);
  const scanned = routes.map((route) => ({ ...route, methods: methods.get(route.id) ?? [] }));
  const { files, ...bundle } = await builders[target]({ app, routes: scanned, modules, assets, evidence, warn });
  const { root: _, ...portable } = app;
  const manifest: Manifest = {
    schemaVersion: 1,
    target,
    app: portable,
    routes: scanned.map((route) => ({ ...route, function: functionId(app.group, target, route) })),
    assets,
    ...bundle,
  };
  // A build is not a release: it may have more than an HTTP API takes, and a deploy of it is refused before it writes anything.
  const problem = target === "lambda" ? httpApiProblem(manifest) : undefined;
  if (problem) warn(`${problem.message}: a deploy would be refused. ${problem.fix}`);
  return { manifest, files: new Map([...files, ["manifest.json", Buffer.from(stableJson(manifest))]]) };
}

/** What decides a build beside the files that it reads. The assets' contents are in it by their hashes. */
const givenText = ({ app, routes, assets, target }: BuildInput): string =>
  JSON.stringify([version, process.version, process.platform, app, routes, assets, target]);

/** Keys sorted, so that equal values are equal bytes. */
function stableJson(value: unknown): string {
  const sorted = (_: string, inner: unknown): unknown =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner;
  return `${JSON.stringify(value, sorted, 2)}\n`;
}
