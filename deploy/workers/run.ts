/** The state of one run on Cloudflare, and how it shares the traffic among versions. */
import type { Owner } from "../parts.ts";
import type { Client } from "./client.ts";
import { deployShares, hasShares } from "./deployments.ts";
import type { ConfiguredValues, WorkersDesiredState } from "./desired-state.ts";
import type { Observation } from "./observation.ts";
import type { WorkersBuild } from "./build.ts";
import type { Deployment, Share } from "./worker-reads.ts";

/** The source of a release; without it only existing releases can be promoted or removed. */
export interface WorkersSource {
  readonly build: WorkersBuild;
  readonly values: () => Promise<ConfiguredValues>;
  /** Throws when the Worker does not start, or not in time; called before anything is written. */
  readonly checkStartup?: () => Promise<void>;
}

/** The app, the stage and the Cloudflare account. */
export interface WorkersTarget {
  readonly client: Client;
  readonly owner: Owner;
  readonly keep: number;
  readonly source?: WorkersSource;
}

/** The state of one run, for which the platform was created. */
export interface Run extends WorkersTarget {
  readonly script: string;
  observed?: Observation;
  desired?: WorkersDesiredState;
  /** The live deployment, as this run saw or made it last. */
  deployment?: Deployment;
  /** The version that had the traffic before this run: the placeholder before a first release. */
  base?: string;
  /** Ids of the configurations of Hyperdrive that this run's release is bound to. */
  configs?: readonly string[];
  /** Root URL at workers.dev. */
  workersDev?: string | undefined;
  /** Calls for one script never go side by side: the second would be refused (10035). */
  queue: Promise<unknown>;
}

/** Stores the deployment; a candidate is added to its version with the most traffic. */
export function note(run: Run, deployment: Deployment | undefined): void {
  delete run.base;
  delete run.deployment;
  const [main] = deployment?.versions.toSorted((one, other) => other.percentage - one.percentage) ?? [];
  if (deployment) run.deployment = deployment;
  if (main) run.base = main.version_id;
}

/** One version with a part of the traffic, the rest where most of it is. */
export function besides(run: Run, ref: string, percentage: number): readonly Share[] {
  const { base } = run;
  if (base === undefined) throw new Error("a candidate needs a version that has the traffic");
  if (base === ref) return [{ version_id: ref, percentage: 100 }];
  return [
    { version_id: base, percentage: 100 - percentage },
    { version_id: ref, percentage },
  ];
}

/** No call where the traffic is shared so already. */
export async function share(run: Run, shares: readonly Share[], message: string): Promise<void> {
  if (run.deployment && hasShares(run.deployment, shares)) return;
  run.deployment = await deployShares(run.client, run.script, shares, message);
}
