/** `portico start`: the build for node in, its server out. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Manifest } from "../model/manifest.ts";
import { readManifest } from "../model/read-manifest.ts";
import { UserError } from "../model/user-error.ts";
import { answerAsset, answerMissing, missingPage } from "../runtime/assets.ts";
import type { Fetch } from "../runtime/function.ts";
import { problem } from "../runtime/problem.ts";
import { createFileReader } from "./file-reader.ts";
import { createAssetGuess, createFront } from "./front.ts";
import { type NodeServer, serve, type ServeOptions } from "./serve.ts";

/** What to start. */
export interface StartOptions extends Omit<ServeOptions, "fetch"> {
  /** Absolute path of the app: its build is in .portico/build/node below it, and its static files where they always are. */
  readonly folder: string;
  /** Resolved values; what hosting.json does not declare is left out. */
  readonly env: Readonly<Record<string, string>>;
}

/** Rejects with UserError NO_BUILD without a build, those of `readManifest`, and as `serve` does. */
export async function startApp(options: StartOptions): Promise<NodeServer> {
  const { folder, env } = options;
  const build = join(folder, ".portico", "build", "node");
  const manifest = await readBuild(join(build, "manifest.json"));
  const declared = new Set([...Object.keys(manifest.app.env), ...manifest.app.secrets]);
  const app = await loadMain(build, manifest);
  const fetch = withAssets(app, manifest, folder);
  return serve({
    ...options,
    fetch,
    env: { ...manifest.app.env, ...Object.fromEntries(Object.entries(env).filter(([name]) => declared.has(name))) },
  });
}

/** The app behind its static files, as the HTTP API's keys would have it. */
export function withAssets(app: Fetch, { routes, assets }: Pick<Manifest, "routes" | "assets">, folder: string): Fetch {
  // There is nothing that could come before it, and no page of its own for what is missing.
  if (assets.length === 0) return app;
  const owner = createFront(routes, assets);
  const mayBeAsset = createAssetGuess(routes, assets);
  const read = createFileReader(folder);
  const page = assets.find(({ path }) => path === missingPage);
  return (request, call) => {
    const path = pathOf(request.url);
    // The app's own router says 404 as the front would, where there is no page for that.
    if (!page && !mayBeAsset(path)) return app(request, call);
    const found = owner(path);
    if (found.kind === "route") return app(request, call);
    return found.kind === "asset" ? answerAsset(request, found.asset, read) : answerMissing(request, page, read);
  };
}

/** Of a request's URL, which is normalised and has no fragment. */
function pathOf(url: string): string {
  const query = url.indexOf("?");
  return url.slice(url.indexOf("/", url.indexOf("://") + 3), query < 0 ? undefined : query);
}

async function loadMain(build: string, { main }: Manifest): Promise<Fetch> {
  // An app of static files alone has no module.
  if (main === undefined) return () => problem(404, "Not Found");
  const module = (await import(pathToFileURL(join(build, main)).href)) as { readonly default: Fetch };
  return module.default;
}

async function readBuild(file: string): Promise<Manifest> {
  try {
    return readManifest(await readFile(file, "utf8"), file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new UserError("NO_BUILD", "the app is not built for node", "run portico build --target node", { at: { file }, cause });
  }
}
