/** What every target's build gives: files to write, and what the manifest says of them. */
import type { App } from "../model/app.ts";
import type { AssetServer, BuiltAsset, BuiltFunction, WorkerModule } from "../model/manifest.ts";
import type { ScannedRoute } from "./entry.ts";
import type { EvidenceCollector } from "./evidence.ts";
import type { RouteModule } from "./scan.ts";

/** What a target's build needs. */
export interface BundleInput {
  readonly app: App;
  readonly routes: readonly ScannedRoute[];
  /** What the scan made of each route's file. */
  readonly modules: ReadonlyMap<string, RouteModule>;
  readonly assets: readonly BuiltAsset[];
  /** Told what every link read. */
  readonly evidence: Pick<EvidenceCollector, "add">;
  /** Told what esbuild warns of, as one line with its place. */
  readonly warn: (text: string) => void;
}

/** A target's build before it is written. */
export interface Bundle {
  /** By path, relative to the manifest's folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly functions: readonly BuiltFunction[];
  readonly assetsFunction?: BuiltFunction;
  readonly modules?: readonly WorkerModule[];
  readonly assetServer?: AssetServer;
  readonly main?: string;
}
