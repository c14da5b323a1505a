/** The manifest of a build, manifest.json: the only input of deploy and the local cloud from an app. */
import type { App, FunctionSettings } from "./app.ts";
import type { BuiltJob, Job } from "./job.ts";
import type { Need } from "./need.ts";
import type { Methods, Route } from "./route.ts";
import type { Target } from "./target.ts";

/** One self-contained bundle. Paths are relative to the manifest's folder. */
export interface BuiltFunction {
  /** The route's id, or the group's. */
  readonly id: string;
  /** Hex SHA-256 of its import graph, which decides its behaviour. */
  readonly hash: string;
  /**
   * Minified code without its source map; on Workers with the shared chunks it imports, on Lambda with what it imports
   * late.
   */
  readonly bytes: number;
  /** Code that its `_middleware` files alone add; 0 without any. */
  readonly middlewareBytes: number;
  /** The module to run: `functions/users-id.mjs`. */
  readonly main: string;
  /** Lambda only: the zip to upload, in which the module is `index.mjs`, its source map beside it. */
  readonly zip?: string;
  /** Lambda only: the modules that it imports late and files that its code names, beside it; absent without any. */
  readonly files?: readonly string[];
  /** What its code needs of the cloud, sorted; absent without any. A Worker has what any of its functions needs. */
  readonly needs?: readonly Need[];
  /** Lambda only: names of the extensions that it imports; absent without any. */
  readonly extensions?: readonly string[];
  readonly settings: FunctionSettings;
}

/** The function that runs all jobs of an app on Lambda, its schedules frozen in it. */
export interface JobsFunction extends BuiltFunction {
  /** By name, at least one. */
  readonly jobs: readonly Job[];
}

/** A route in the order of precedence, with the function that serves it. */
export interface BuiltRoute extends Route {
  readonly methods: Methods;
  readonly function: string;
}

/** A static file. */
export interface BuiltAsset {
  /** Canonical URL path: `/style.css`, `/%EC%95%88.txt`. */
  readonly path: string;
  /** Relative to the app's root. */
  readonly file: string;
  /** Hex SHA-256 of the bytes. */
  readonly hash: string;
  readonly bytes: number;
  /** Content-Type, charset included. */
  readonly type: string;
  /** Response headers from hosting.json, names in lower case; absent without any. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The same file compressed beforehand (`style.css.br` beside it), best first; absent without any. Cloudflare
   * compresses by itself.
   */
  readonly encodings?: readonly EncodedAsset[];
}

/** A static file's bytes under a Content-Encoding. */
export interface EncodedAsset extends Pick<BuiltAsset, "file" | "hash" | "bytes"> {
  readonly encoding: "br" | "gzip";
}

/** The settings of Cloudflare's asset server, in the shapes of its API. */
export interface AssetServer {
  /** Name of the `assets` binding through which the Worker reads files. */
  readonly binding: string;
  readonly config: {
    /** Files answer at their own paths and nowhere else; folders and the 404 page are the Worker's. */
    readonly html_handling: "none";
    readonly not_found_handling: "none";
    /** Text of a `_headers` file. */
    readonly _headers: string;
  };
}

/** A module of the one Worker, in upload order, the main module first. Its name is its specifier. */
export interface WorkerModule extends Pick<BuiltAsset, "hash" | "bytes"> {
  readonly name: string;
  readonly type: "esm" | "text" | "wasm" | "source-map";
}

/** manifest.json. */
export interface Manifest {
  readonly schemaVersion: 1;
  readonly target: Target;
  /** The app without its root: a manifest is equal on every machine. */
  readonly app: Omit<App, "root">;
  readonly routes: readonly BuiltRoute[];
  readonly functions: readonly BuiltFunction[];
  readonly assets: readonly BuiltAsset[];
  /** Workers and Node only: by name; absent without any. `jobs.js` is the module of all of them. */
  readonly jobs?: readonly BuiltJob[];
  /**
   * Lambda behind an HTTP API only: the function that answers `$default`: assets and the 404. Behind a function URL the
   * one function has them.
   */
  readonly assetsFunction?: BuiltFunction;
  /** Lambda only, of an app with jobs. */
  readonly jobsFunction?: JobsFunction;
  /** Lambda only, of an app with databases and a VPC: nothing routes to it, a deployer invokes it. */
  readonly migrateFunction?: BuiltFunction;
  /** Workers only. */
  readonly modules?: readonly WorkerModule[];
  /** Workers only. */
  readonly assetServer?: AssetServer;
  /** Node only: the module whose default export is the app's fetch. */
  readonly main?: string;
}
