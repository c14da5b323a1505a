/** Builds an app for its tests, and gives each app under test a copy, so that no two share a module. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { threadId } from "node:worker_threads";
import { buildApp } from "../bundler/build.ts";
import type { App } from "../model/app.ts";
import type { Manifest } from "../model/manifest.ts";
import { UserError } from "../model/user-error.ts";
import { discoverJobs } from "../routes/job-discovery.ts";
import { discoverRoutes } from "../routes/route-discovery.ts";
import { discoverAssets } from "../routes/static-files.ts";

/** A copy of the build. */
export interface BuildCopy {
  readonly manifest: Manifest;
  /** Absolute path. */
  readonly folder: string;
  /** Absolute path of an empty folder for data. */
  readonly data: string;
  remove(): void;
}

const folders = new Set<string>();

/** Builds that wait for one another, since they write the same folder. */
let last: Promise<unknown> = Promise.resolve();

/** Reads code and runs none. Throws UserError NO_ROUTES, and those of discovery and the build. */
export async function copyBuild(app: App): Promise<BuildCopy> {
  const all = join(app.root, ".portico", "test");
  const own = join(all, `${process.pid}-${threadId}`);
  removeAbandoned(all);
  const building = last.then(() => build(app, own));
  last = building.catch(() => undefined);
  const manifest = await building;
  const folder = join(own, `app-${crypto.randomUUID()}`);
  const data = `${folder}-data`;
  cpSync(join(own, "build"), folder, { recursive: true });
  nameSources(folder, app.root);
  mkdirSync(data);
  const remove = (): void => {
    // On Windows the files of an open database stay; the next run removes them.
    for (const path of [folder, data])
      if (existsSync(path)) rmSync(path, { recursive: true, force: true, maxRetries: 1 });
  };
  if (folders.size === 0) process.once("exit", () => folders.forEach((path) => rmSync(path, removal)));
  folders.add(own);
  return { manifest, folder, data, remove };
}

/** A build's source maps name files below the app's folder; stacks of a test name those on this disk. */
function nameSources(folder: string, root: string): void {
  const sourceRoot = pathToFileURL(`${root}/`).href;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".js.map")) continue;
    const file = join(folder, name);
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, "utf8")) as object), sourceRoot }));
  }
}

const removal = { recursive: true, force: true } as const;

async function build(app: App, own: string): Promise<Manifest> {
  const [routes, assets, jobs] = await Promise.all([
    discoverRoutes(app.root),
    discoverAssets(app.root, app.assets, { headers: app.headers }),
    discoverJobs(app),
  ]);
  if (routes.length + assets.length + jobs.length === 0)
    throw new UserError(
      "NO_ROUTES",
      `${app.root} has no functions/ folder with a route in it`,
      "Run the tests in the app's folder, or give testApp its root: testApp({ root })",
    );
  const cache = join(own, "cache.json");
  return buildApp({ app, routes, assets, jobs, target: "node", out: join(own, "build"), cache });
}

/** Removes the folders of processes that were killed. */
function removeAbandoned(all: string): void {
  for (const name of existsSync(all) ? readdirSync(all) : [])
    if (!isAlive(Number.parseInt(name, 10))) rmSync(join(all, name), removal);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
