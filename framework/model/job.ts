/** A background job: a file below functions/_jobs, with its settings from hosting.json. */
import type { Need } from "./need.ts";

/** Settings of one job as hosting.json has them. */
export interface JobSettings {
  /** Five fields; none for a job that is only sent. */
  readonly cron?: string;
  /** An IANA name. Default UTC. */
  readonly zone?: string;
  /** How often a failed run is repeated, 0-10. Default 3. */
  readonly retries?: number;
  /** Seconds of one run, 1-900. Default 300. */
  readonly timeout?: number;
}

/** A job with its defaults filled in. */
export interface Job extends JobSettings {
  /** The file's name without its extension: `digest`. */
  readonly name: string;
  /** Relative to the app's root: `functions/_jobs/digest.ts`. */
  readonly file: string;
  readonly retries: number;
  readonly timeout: number;
}

/** A job of a build. */
export interface BuiltJob extends Job {
  /** Hex SHA-256 of its import graph. */
  readonly hash: string;
  /** Minified code with the shared chunks that it imports. */
  readonly bytes: number;
  /** Its module, relative to the manifest's folder. */
  readonly main: string;
  /** As a function's. */
  readonly needs?: readonly Need[];
}

/** The settings of a job without its own in hosting.json. */
export const defaultJobSettings = { retries: 3, timeout: 300 } as const;

/** The names that a job may have; they are parts of message ids. */
export const jobName = {
  pattern: "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
  description: "lower-case letters, digits and single hyphens, beginning with a letter",
} as const;

/** The id of the function that runs all jobs of an app on Lambda; no route's begins with `_`. */
export const jobsFunctionId = "_jobs";

/** The folder of the jobs, relative to the app's root. */
export const jobsFolder = "functions/_jobs";
