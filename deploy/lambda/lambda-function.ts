/** A function as a release on Lambda wants it, with the settings that a version freezes. */
import type { DesiredFunction } from "../platform.ts";
import type { RecordedAsset } from "../record.ts";

/** A function as Lambda should have it. Holds secrets: never printed, never written. */
export interface LambdaFunction extends DesiredFunction {
  /** The files of its routes or jobs, from the app's root; none for Portico's own functions. */
  readonly files: readonly string[];
  /** Absolute path of the zip that the build made. */
  readonly zip: string;
  /** The build id by which the function answers a probe. */
  readonly build: string;
  readonly settings: LambdaSettings;
  /** Static files of earlier releases that go into the zip beside its own. */
  readonly kept: readonly RecordedAsset[];
  /** The key without those. */
  readonly ownKey: string;
  /** Name of its role; the ARN of the one that hosting.json names. */
  readonly role: string;
}

/** Settings that a version freezes beside the code. */
export interface LambdaSettings {
  readonly runtime: "nodejs24.x";
  readonly handler: "index.handler";
  readonly architecture: "arm64" | "x86_64";
  /** MB and seconds. */
  readonly memory: number;
  readonly timeout: number;
  readonly env: Readonly<Record<string, string>>;
  readonly logGroup: string;
  /** Whether X-Ray traces its requests; not when absent. */
  readonly traces?: true;
  readonly vpc?: { readonly subnets: readonly string[]; readonly securityGroups: readonly string[] };
}
