/** The app as hosting.json describes it for one stage, with checked values, defaults and stage overrides. */
import type { Extension } from "./extension.ts";
import type { Database } from "./database.ts";
import type { JobSettings } from "./job.ts";
import type { Target } from "./target.ts";

/** Where an app on Node keeps its data by default, relative to its root. */
export const dataFolder = ".portico/data";

/** How many jobs of a stage run at once without `jobConcurrency`. */
export const defaultJobConcurrency = 2;

/** Levels of `portico/log`, from the least to the most urgent. */
export const logLevels = ["debug", "info", "warn", "error"] as const;

/** Settings of one function on Lambda. */
export interface FunctionSettings {
  /** MB, 128-10240. */
  readonly memory: number;
  /** Seconds, 1-30 behind an HTTP API, 1-900 behind a function URL. */
  readonly timeout: number;
  /** IAM statements that its role has beside those of the whole app; none when absent. */
  readonly policies?: readonly IamStatement[];
}

/** A statement of an IAM policy, in AWS's own shape. */
export type IamStatement = Readonly<Record<string, unknown>>;

/** Of the Workers runtime, where hosting.json names none. */
export const defaultCompatibilityDate = "2026-08-01";

/** The settings of a function without its own in hosting.json. */
export const defaultSettings: FunctionSettings = { memory: 512, timeout: 10 };

/** A request that a new release must pass before it receives traffic. */
export interface SmokeCheck {
  readonly path: string;
  readonly status: number;
}

/** The service in front of an app's functions on AWS. */
export type LambdaFront = "http-api" | "function-url";

/** Settings for AWS alone. */
export interface LambdaApp {
  readonly account?: string;
  readonly region?: string;
  readonly architecture: "arm64" | "x86_64";
  /** An HTTP API, or the URL of the one function, which streams. http-api when absent. */
  readonly front?: LambdaFront;
  /** Names of packages that go into the zips of the functions that import them, unbundled; none when absent. */
  readonly packages?: readonly string[];
  /**
   * The Request, Response and Headers of functions: Portico's own, which load nothing, or Node's. light when absent.
   */
  readonly webClasses?: "light" | "platform";
  /** Days that the functions' log lines stay. */
  readonly logRetention: number;
  /** IAM statements added to the role of every function. */
  readonly policies: readonly IamStatement[];
  readonly permissionsBoundary?: string;
  /** ARN of an execution role that all functions use; Portico makes none then. */
  readonly role?: string;
  readonly vpc?: { readonly subnets: readonly string[]; readonly securityGroups: readonly string[] };
}

/** Settings for Cloudflare alone. */
export interface WorkersApp {
  readonly account?: string;
  /** YYYY-MM-DD. */
  readonly compatibilityDate: string;
  /** Additional flags; `compatibilityFlags` has those that are always sent. */
  readonly compatibilityFlags?: readonly string[];
  /** Where the store's database is made, if it is not there yet; near the deployer when absent. */
  readonly location?: "wnam" | "enam" | "weur" | "eeur" | "apac" | "oc";
  /** In Cloudflare's own shapes, without `name`. */
  readonly bindings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Ids of the user's own configurations of Hyperdrive, by database; none when absent. */
  readonly hyperdrive?: Readonly<Record<string, string>>;
  /** Hosts that only the Worker serves: `app.example.com`. */
  readonly domains: readonly string[];
  /** URL patterns of a zone that it serves: `example.com/api/*`. */
  readonly routes: readonly { readonly pattern: string; readonly zone: string }[];
  /** True serves it at workers.dev; when absent, only where it has no other address. */
  readonly workersDev?: boolean;
}

/** Whether schedules run at a stage of a cloud. */
export const hasClock = ({ clock }: Pick<App, "clock">, target: Target): boolean => clock === true || clock === target;

/**
 * All flags of the app's Worker, in a stable order. As on the other targets, `process`, `Buffer` and `node:*` exist and
 * a request's signal aborts when its client disconnects, which no compatibility date enables
 * (developers.cloudflare.com, "Compatibility flags").
 */
export const compatibilityFlags = ({
  compatibilityFlags: more = [],
}: Pick<WorkersApp, "compatibilityFlags">): readonly string[] => [
  ...new Set(["nodejs_compat", "enable_request_signal", ...more.toSorted()]),
];

/** Where templates are when hosting.json says nothing. */
export const defaultTemplates = "functions/_views";

/** One app at one stage. */
export interface App {
  /** Absolute path of the folder that holds functions/ and hosting.json. */
  readonly root: string;
  readonly name: string;
  readonly stage: string;
  readonly protected: boolean;
  /** True where "stages" of hosting.json names the stage; any other one is temporary, and its data goes with it. */
  readonly named?: true;
  /** At least one. */
  readonly targets: readonly Target[];
  /** Folder of static files, relative to root; it need not exist and may lie below functions/. */
  readonly assets: string;
  /** Response headers of static files by path, with a final `*` as a wildcard; the last match wins for each header. */
  readonly headers: readonly { readonly pattern: string; readonly headers: Readonly<Record<string, string>> }[];
  /** Folder of template names, relative to root; `defaultTemplates` when absent. */
  readonly templates?: string;
  readonly group: "route" | "folder" | "app";
  /** `redirect`: 308 for a path that matches a route without its final slash; 404 when absent. */
  readonly trailingSlash?: "redirect";
  /** Settings by path pattern, with a final `*` as a wildcard; the last match wins for each key. */
  readonly routes: readonly { readonly pattern: string; readonly settings: Partial<FunctionSettings> }[];
  /** Patterns of files that functions read at run time, relative to root. */
  readonly files: readonly string[];
  /** Names of packages that are never bundled; `@scope/*` means a whole scope. */
  readonly external: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Names only, those of extensions after the app's own. */
  readonly secrets: readonly string[];
  /** In the order of hosting.json; absent without any. */
  readonly extensions?: readonly Extension[];
  /** By their names in context.env; absent without any. The URL of each is one of the secrets. */
  readonly databases?: Readonly<Record<string, Database>>;
  readonly smoke: readonly SmokeCheck[];
  /** Settings of jobs by name; absent without any. */
  readonly jobs?: Readonly<Record<string, JobSettings>>;
  /** How many jobs run at once, 2-250; `defaultJobConcurrency` when absent. */
  readonly jobConcurrency?: number;
  /**
   * Whether schedules run. When absent, hosting.json does not say so and does not name the stage: they run in dev and
   * under `portico start`, and at no stage of a cloud. A target's name is true for that target alone.
   */
  readonly clock?: boolean | Exclude<Target, "node">;
  /** The number of releases that stay ready for rollback. */
  readonly keep: number;
  readonly lambda: LambdaApp;
  readonly workers: WorkersApp;
  /** The least urgent level that `portico/log` writes; all when absent. */
  readonly logLevel?: (typeof logLevels)[number];
  /** Whether the cloud traces requests; not when absent. */
  readonly traces?: true;
  /** `separate`: each of two clouds has data of its own; absent, an app that keeps data is released to one. */
  readonly state?: "separate";
}

/** Names of the env, secrets, bindings and databases that the functions of a Worker may read. */
export const envNames = ({
  env,
  secrets,
  workers,
  databases = {},
}: Pick<App, "env" | "secrets" | "workers" | "databases">): readonly string[] =>
  [...new Set([...Object.keys(env), ...secrets, ...[workers.bindings, databases].flatMap(Object.keys)])].toSorted();
