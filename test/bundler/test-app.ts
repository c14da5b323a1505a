/** Apps in temporary folders for tests of the bundler: written, built, and removed when the test ends. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { buildApp } from "../../framework/bundler/build.ts";
import type { App } from "../../framework/model/app.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import type { Target } from "../../framework/model/target.ts";
import { discoverAssets } from "../../framework/routes/static-files.ts";
import { discoverJobs } from "../../framework/routes/job-discovery.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { defaultApp } from "../config/default-app.ts";

export type Files = Readonly<Record<string, string | Uint8Array>>;

const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));

/**
 * A new folder with these files and a link to hono.
 * @param whenDone registers the folder's removal; by default at the end of the test
 */
export function makeFolder(files: Files, whenDone: (remove: () => void) => void = onTestFinished): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "portico-build-")));
  whenDone(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "node_modules"));
  symlinkSync(join(modules, "hono"), join(root, "node_modules/hono"));
  writeFiles(root, files);
  return root;
}

export function writeFiles(root: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

export const makeApp = (root: string, changes: Partial<App> = {}): App =>
  defaultApp(root, { name: "t", env: { GREETING: "hello" }, secrets: ["KEY"], ...changes });

export interface Built {
  readonly out: string;
  readonly manifest: Manifest;
}

export async function build(
  root: string,
  target: Target,
  changes: Partial<App> = {},
  warn: (text: string) => void = () => {},
): Promise<Built> {
  const app = makeApp(root, changes);
  const out = join(root, ".portico/build", target);
  const [routes, assets, jobs] = await Promise.all([
    discoverRoutes(root),
    discoverAssets(root, app.assets, app),
    discoverJobs(app),
  ]);
  return { out, manifest: await buildApp({ app, routes, assets, jobs, target, out, warn }) };
}

/** Every file below a folder, by its path in it. */
export function readTree(folder: string): Readonly<Record<string, Buffer>> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  return Object.fromEntries(names.toSorted().map((name) => [relative("", name), readFileSync(join(folder, name))]));
}

/** `(module (func (export "add") (param i32 i32) (result i32) …))`. */
export const addWasm = Buffer.from(
  "0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b",
  "hex",
);
