/** The app as hosting.json describes it for one stage: every value checked and defaulted, stage overrides applied. */
import type { Target } from "./target.ts";

/** Settings of one function on Lambda. */
export interface FunctionSettings {
  /** MB, 128-10240. */
  readonly memory: number;
  /** Seconds, 1-30 behind an HTTP API, 1-900 behind a function URL. */
  readonly timeout: number;
}

/** What a function has when hosting.json says nothing: enough for a request, small enough to cost little. */
export const defaultSettings: FunctionSettings = { memory: 512, timeout: 10 };

/** A request that a fresh release must answer before it takes traffic. */
export interface SmokeCheck {
  readonly path: string;
  readonly status: number;
}

/** What stands before an app's functions on AWS. */
export type LambdaFront = "http-api" | "function-url";

/** What only AWS needs. */
export interface LambdaApp {
  readonly account?: string;
  readonly region?: string;
  readonly architecture: "arm64" | "x86_64";
  /** What takes requests: an HTTP API, or the URL of the one function, which streams. http-api when absent. */
  readonly front?: LambdaFront;
  /** Request, Response and Headers inside functions: Portico's own, which load nothing, or Node's. light when absent. */
  readonly webClasses?: "light" | "platform";
  /** Days that the functions' log lines stay. */
  readonly logRetention: number;
  /** IAM statements added to the execution role. */
  readonly policies: readonly Readonly<Record<string, unknown>>[];
  readonly permissionsBoundary?: string;
  /** ARN of an execution role to use instead of making one. */
  readonly role?: string;
  readonly vpc?: { readonly subnets: readonly string[]; readonly securityGroups: readonly string[] };
}

/** What only Cloudflare needs. */
export interface WorkersApp {
  readonly account?: string;
  /** YYYY-MM-DD. */
  readonly compatibilityDate: string;
  /** In Cloudflare's own shapes, without `name`. */
  readonly bindings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Hosts that are the Worker's alone: `app.example.com`. */
  readonly domains: readonly string[];
  /** Patterns of a zone's URLs that it answers: `example.com/api/*`. */
  readonly routes: readonly { readonly pattern: string; readonly zone: string }[];
  /** Answers at workers.dev; when absent only where it has no other address. */
  readonly workersDev?: boolean;
}

/** One app at one stage. */
export interface App {
  /** Absolute path of the folder that holds functions/ and hosting.json. */
  readonly root: string;
  readonly name: string;
  readonly stage: string;
  readonly protected: boolean;
  /** At least one. */
  readonly targets: readonly Target[];
  /** Folder of static files, relative to root, whether it exists or not; a path below functions/ is allowed. */
  readonly assets: string;
  /** Response headers of static files by path, `*` at its end as a wildcard, in the order written; the last that matches wins, per header. */
  readonly headers: readonly { readonly pattern: string; readonly headers: Readonly<Record<string, string>> }[];
  readonly group: "route" | "folder" | "app";
  /** Settings by path pattern with `*` as a wildcard at its end, in the order written; the last that matches wins, per key. */
  readonly routes: readonly { readonly pattern: string; readonly settings: Partial<FunctionSettings> }[];
  readonly env: Readonly<Record<string, string>>;
  /** Names only. */
  readonly secrets: readonly string[];
  readonly smoke: readonly SmokeCheck[];
  /** How many releases stay ready for rollback. */
  readonly keep: number;
  readonly lambda: LambdaApp;
  readonly workers: WorkersApp;
}
