/** Starts the app that was built for Node, with its static files, as `portico start` does. */
import { readFile } from "node:fs/promises";
import { setSourceMapsSupport } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Manifest } from "../model/manifest.ts";
import { readManifest } from "../model/manifest-reader.ts";
import { UserError } from "../model/user-error.ts";
import { answerAsset, answerNotFound, notFoundPage } from "../runtime/assets.ts";
import type { JobRun } from "../features/jobs/job-runner.ts";
import { isUploadPath, pathOf } from "../runtime/path.ts";
import type { Fetch } from "../runtime/route-function.ts";
import { jsonError } from "../runtime/error-response.ts";
import { restrictPackages } from "../http/declared-packages.ts";
import { createFileReader } from "../http/file-reader.ts";
import { createAssetFilter, createPathLookup } from "../model/path-lookup.ts";
import { startJobs } from "./jobs.ts";
import { type NodeServer, serve, type ServeOptions } from "./server.ts";

/** The app to start, and how to serve it. */
export interface StartOptions extends Omit<ServeOptions, "fetch"> {
  /**
   * Absolute path of the app, with its build in .portico/build/node and its static files.
   */
  readonly folder: string;
  /** Resolved values; variables that hosting.json does not declare are left out. */
  readonly env: Readonly<Record<string, string>>;
  /** Gets what fails around jobs: the queue's file, the store, background work. Default: a warning of the process. */
  readonly onJobError?: (error: unknown) => void;
  /** Called after each run of a job in this process. */
  readonly onRun?: (run: JobRun) => void;
}

/**
 * Sets the app's env in `process.env`, since this process is the app's, serves, and runs its jobs if it has a data
 * folder and no other process does. Rejects with UserError NO_BUILD
 * without a build, and as `readManifest` and `serve` do.
 */
export async function startApp(options: StartOptions): Promise<NodeServer> {
  const { folder, env } = options;
  const build = join(folder, ".portico", "build", "node");
  const manifest = await readBuild(join(build, "manifest.json"));
  const names = new Set([...Object.keys(manifest.app.env), ...manifest.app.secrets]);
  const declared = {
    ...manifest.app.env,
    ...Object.fromEntries(Object.entries(env).filter(([name]) => names.has(name))),
  };
  // Before the app is loaded, since packages read their settings there, many as they load. Lambda and Workers set it,
  // too.
  Object.assign(process.env, declared);
  // Stacks name the app's sources, by the maps that Node reads with the modules.
  setSourceMapsSupport(true);
  const app = await loadMain(build, manifest);
  const uploadForms = manifest.functions.some(({ needs }) => needs?.includes("files"));
  const server = await serve({ ...options, fetch: withAssets(app, manifest, folder), env: declared, uploadForms });
  if (!manifest.jobs || options.data === undefined) return server;
  const jobs = await startJobs({
    ...options,
    data: options.data,
    build,
    app: manifest.app,
    env: declared,
    onError: options.onJobError ?? ((error) => process.emitWarning(String(error))),
  });
  return { ...server, close: async () => void (await Promise.all([server.close(), jobs.close()])) };
}

/** Puts the app behind its static files, in the order of an HTTP API's route keys. */
export function withAssets(app: Fetch, { routes, assets }: Pick<Manifest, "routes" | "assets">, folder: string): Fetch {
  // No file comes before a route, and there is no 404 page.
  if (assets.length === 0) return app;
  const find = createPathLookup(routes, assets);
  const mayBeAsset = createAssetFilter(routes, assets);
  const read = createFileReader(folder);
  const page = assets.find(({ path }) => path === notFoundPage);
  const serveMissing: Fetch = async (request, call) => {
    // The app's router may redirect to the path with another slash ("trailingSlash").
    const response = await app(request, call);
    return response.status === 308 ? response : answerNotFound(request, page, read);
  };
  return (request, call) => {
    const path = pathOf(request.url);
    // Without a 404 page, the app's router answers 404 itself; upload forms are no route of the app's.
    if (isUploadPath(path) || (!page && !mayBeAsset(path))) return app(request, call);
    const found = find(path);
    if (found.kind === "route") return app(request, call);
    return found.kind === "asset" ? answerAsset(request, found.asset, read) : serveMissing(request, call);
  };
}

/** The app's main module. @param build absolute path of the folder of the build */
export async function loadMain(build: string, { main, app }: Pick<Manifest, "main" | "app">): Promise<Fetch> {
  // An app of static files alone has no module.
  if (main === undefined) return () => jsonError(404, "Not Found");
  restrictPackages(build, [...(app.external ?? []), ...(app.lambda.packages ?? [])]);
  const module = (await import(pathToFileURL(join(build, main)).href)) as { readonly default: Fetch };
  return module.default;
}

async function readBuild(file: string): Promise<Manifest> {
  try {
    return readManifest(await readFile(file, "utf8"), file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new UserError("NO_BUILD", "the app is not built for node", "run portico build --target node", {
      at: { file },
      cause,
    });
  }
}
