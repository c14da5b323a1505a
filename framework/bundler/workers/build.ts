/** Cloudflare's build: the modules of one Worker, exactly as they are uploaded. */
import { createHash } from "node:crypto";
import { envNames } from "../../model/app.ts";
import type { AssetServer, BuiltAsset, WorkerModule } from "../../model/manifest.ts";
import { headersFile, headersFileLimit } from "../../model/headers-file.ts";
import { UserError } from "../../model/user-error.ts";
import type { Bundle, BundleInput } from "../bundle.ts";
import { bundleWithSplitting } from "./code-splitting.ts";

/**
 * Size of a Worker, uncompressed, on every plan (developers.cloudflare.com/workers/platform/limits, since 2026-09-04).
 */
const limit = 64 * 1024 ** 2;

/** Size of one static file (developers.cloudflare.com/workers/static-assets, "Limitations"). */
const assetLimit = 25 * 1024 ** 2;

/** Throws UserError WORKER_TOO_LARGE and ASSET_TOO_LARGE. */
export async function buildWorkers(input: BundleInput): Promise<Bundle> {
  for (const asset of input.assets) checkAsset(asset);
  const { files, ...built } = await bundleWithSplitting(input, "workers", envNames(input.app));
  const modules = [...files].map(toModule).toSorted(mainFirst);
  const bytes = modules.reduce((sum, module) => sum + (module.type === "source-map" ? 0 : module.bytes), 0);
  if (bytes > limit) {
    const message = `the Worker is ${(bytes / 1024 ** 2).toFixed(1)} MB; Cloudflare takes 64 MB`;
    throw new UserError("WORKER_TOO_LARGE", message, "Import less: portico routes lists the bytes of each route.");
  }
  return { files, ...built, modules, main: "index.js", assetServer: assetServer(input) };
}

function checkAsset({ file, bytes }: BuiltAsset): void {
  if (bytes <= assetLimit) return;
  const message = `${file} is ${(bytes / 1024 ** 2).toFixed(1)} MB; Cloudflare serves static files of at most 25 MB`;
  throw new UserError("ASSET_TOO_LARGE", message, "Make it smaller, or serve it from elsewhere, such as a bucket.", {
    at: { file },
  });
}

/** Settings of Cloudflare's asset server, with the headers of other targets' static files and those of hosting.json. */
function assetServer({ app, assets, warn }: BundleInput): AssetServer {
  const { text, left: omitted } = headersFile(assets, app.headers);
  if (omitted > 0)
    warn(
      `${omitted} static files with a hash in their names are not cached permanently on Cloudflare, ` +
        `which takes ${headersFileLimit} header rules: put them into a folder of their own`,
    );
  return { binding: "PORTICO_ASSETS", config: { html_handling: "none", not_found_handling: "none", _headers: text } };
}

const types = { js: "esm", wasm: "wasm", map: "source-map" } as const;

function toModule([name, bytes]: readonly [string, Uint8Array]): WorkerModule {
  const type = types[name.slice(name.lastIndexOf(".") + 1) as keyof typeof types];
  if (!type) throw new Error(`${name} is not a module type of Workers`);
  return { name, type, bytes: bytes.length, hash: createHash("sha256").update(bytes).digest("hex") };
}

function mainFirst(a: WorkerModule, b: WorkerModule): number {
  const main = Number(b.name === "index.js") - Number(a.name === "index.js");
  return main || (a.name < b.name ? -1 : 1);
}
