/** The input and output records of every target's bundling step. */
import type { App } from "../model/app.ts";
import type { BuiltJob, Job } from "../model/job.ts";
import type { AssetServer, BuiltAsset, BuiltFunction, JobsFunction, WorkerModule } from "../model/manifest.ts";
import type { ScannedRoute } from "./function-entry.ts";
import type { BuildInputCollector } from "./cache/build-inputs.ts";
import type { BuildCache, CompletedBuild } from "./cache/build-cache.ts";

/** The input of a target's build. */
export interface BundleInput {
  readonly app: App;
  readonly routes: readonly ScannedRoute[];
  readonly assets: readonly BuiltAsset[];
  readonly jobs: readonly Job[];
  /** Collects the files that each esbuild call reads. */
  readonly inputs: Pick<BuildInputCollector, "add" | "reuse" | "pathsOf">;
  readonly cache: Pick<BuildCache, "functionOf" | "filesOf">;
  /** Receives warnings, each one line with its place. */
  readonly warn: (text: string) => void;
}

/** A target's build before it is written. */
export interface Bundle {
  /** By path, relative to the manifest's folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Files that stay as the last build wrote them, by path, each with its file state. */
  readonly unchanged?: ReadonlyMap<string, string>;
  /** The build cache's records of functions that are bundled separately. */
  readonly cacheRecords?: CompletedBuild["functions"];
  readonly functions: readonly BuiltFunction[];
  readonly assetsFunction?: BuiltFunction;
  readonly jobsFunction?: JobsFunction;
  readonly migrateFunction?: BuiltFunction;
  readonly jobs?: readonly BuiltJob[];
  readonly modules?: readonly WorkerModule[];
  readonly assetServer?: AssetServer;
  readonly main?: string;
}
