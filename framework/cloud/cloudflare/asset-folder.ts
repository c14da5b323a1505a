/** The folder from which a version's static assets are served: hard links to the stored files under their URL paths. */
import { randomUUID } from "node:crypto";
import { copyFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { VersionFiles } from "../../emulation/workers/miniflare-version.ts";
import type { Collection } from "../collection.ts";
import { type ContentStore, sha256Of } from "./content-store.ts";
import type { AssetRecord, Binding, VersionAssets } from "./records.ts";

/** The stored assets, and the folder that gets one subfolder for each set of assets. */
export interface AssetStorage {
  readonly assets: Collection<AssetRecord>;
  readonly content: ContentStore;
  readonly folder: string;
}

/** The folder and the settings with which workerd serves the assets. */
export function versionFiles(assets: VersionAssets, bindings: readonly Binding[], storage: AssetStorage): VersionFiles {
  const { html_handling, not_found_handling, run_worker_first } = assets.config;
  const binding = bindings.find(({ type }) => type === "assets")?.name;
  return {
    directory: makeFolder(assets, storage),
    ...(binding !== undefined && { binding }),
    ...(html_handling !== undefined && { html_handling }),
    ...(not_found_handling !== undefined && { not_found_handling }),
    ...(run_worker_first !== undefined && { run_worker_first }),
  };
}

/** Versions with the same files share the folder. It gets its name once complete, so a kill leaves no partial one. */
function makeFolder({ files, config }: VersionAssets, { assets, content, folder }: AssetStorage): string {
  const { _headers = "", _redirects = "" } = config;
  const directory = join(folder, sha256Of(JSON.stringify([files, _headers, _redirects])));
  if (existsSync(directory)) return directory;
  const temporary = `${directory}.${randomUUID()}.tmp`;
  mkdirSync(temporary, { recursive: true });
  for (const [path, hash] of Object.entries(files)) {
    const asset = assets.get(hash);
    if (!asset) throw new Error(`the asset ${hash} of ${path} does not exist`);
    const target = join(temporary, ...path.slice(1).split("/").map(decodeURIComponent));
    mkdirSync(dirname(target), { recursive: true });
    linkOrCopy(content.file(asset.sha256), target);
  }
  if (_headers) writeFileSync(join(temporary, "_headers"), _headers);
  if (_redirects) writeFileSync(join(temporary, "_redirects"), _redirects);
  try {
    renameSync(temporary, directory);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Another version with the same files was faster.
    if (!existsSync(directory)) throw error;
  }
  return directory;
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // A file system without hard links.
    copyFileSync(from, to);
  }
}
