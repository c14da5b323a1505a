/** The events that `portico dev` reports while it runs, as records; the command line decides how to print them. */
import type { GeneratedSecret } from "../config/generated-secrets.ts";
import type { JobRun } from "../features/jobs/job-runner.ts";
import type { AccessRecord } from "../http/access-log.ts";
import type { LambdaFront } from "../model/app.ts";
import type { LogLine } from "../model/invocation.ts";
import type { Job } from "../model/job.ts";
import type { Route } from "../model/route.ts";
import type { Target } from "../model/target.ts";
import type { FailureReport } from "./gateway.ts";
import type { MappedFailure } from "./source-frame.ts";

/** The gateway of an app listens. */
interface ServingApp {
  readonly type: "serving-app";
  readonly url: string;
  readonly name: string;
  readonly target: Target;
  /** Of target lambda; an HTTP API when absent. */
  readonly front: LambdaFront | undefined;
  readonly routes: RouteFiles;
  /** The number of static files. */
  readonly assets: number;
  readonly jobs: readonly Job[];
  /** Whether schedules run. */
  readonly clock: boolean;
}

type RouteFiles = readonly Pick<Route, "pattern" | "file">[];

/** One event. */
export type DevEvent =
  | ServingApp
  /** The gateway of a folder of static files listens. */
  | { readonly type: "serving-files"; readonly url: string; readonly root: string }
  /** A function printed a line. */
  | { readonly type: "log"; readonly line: LogLine }
  /** A request was answered. */
  | { readonly type: "access"; readonly record: AccessRecord }
  /** A function threw. `excerpt` is the source around the failing line, and the import cycle behind it, as text. */
  | { readonly type: "failure"; readonly report: FailureReport; readonly excerpt: readonly string[] }
  /** A job ran. `failure` and `excerpt` are there as in a failure, where it threw. */
  | {
      readonly type: "job";
      readonly run: JobRun;
      readonly file: string | undefined;
      readonly failure: MappedFailure | undefined;
      readonly excerpt: readonly string[];
    }
  /** A secret without a value got a random one. */
  | { readonly type: "made-secret"; readonly secret: GeneratedSecret }
  /** A database is on the local Postgres, as a line says. */
  | { readonly type: "database"; readonly text: string }
  /** Functions were rebuilt, and are other ones now. */
  | { readonly type: "changed"; readonly functions: readonly string[] }
  /** Files of routes came or went. */
  | { readonly type: "routes"; readonly added: RouteFiles; readonly removed: RouteFiles }
  | { readonly type: "warning"; readonly text: string }
  | { readonly type: "error"; readonly error: unknown };

/** Takes events as they happen. */
export type ReportEvent = (event: DevEvent) => void;
