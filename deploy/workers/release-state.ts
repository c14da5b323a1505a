/** Reads the part of a Worker that changes with every deploy, rollback and secret; cheap enough to read twice a run. */
import { digest, type Owner } from "../parts.ts";
import type { Client } from "./client.ts";
import { scriptName } from "./names.ts";
import {
  type Deployment,
  findScript,
  listDeployments,
  type ListedVersion,
  listVersions,
  type Script,
} from "./worker-reads.ts";

interface ReleaseStateInput {
  readonly client: Client;
  readonly owner: Owner;
}

/** The versions and deployments of a Worker. */
export interface ReleaseState {
  readonly script: Script | undefined;
  readonly versions: readonly ListedVersion[];
  /** The live one. */
  readonly deployment: Deployment | undefined;
  /** Versions that took traffic lately. */
  readonly served: ReadonlySet<string>;
  readonly fingerprint: string;
}

/** One round of calls. */
export async function readReleaseState({ client, owner }: ReleaseStateInput): Promise<ReleaseState> {
  const name = scriptName(owner);
  const [script, versions, deployments] = await Promise.all([
    findScript(client, name),
    listVersions(client, name),
    listDeployments(client, name),
  ]);
  const [deployment] = deployments;
  const shares = deployments.flatMap((one) => one.versions).filter(({ percentage }) => percentage > 0);
  const fingerprint = digest([script?.id, deployment?.id, versions.map(({ id }) => id)]);
  return { script, versions, deployment, served: new Set(shares.map(({ version_id }) => version_id)), fingerprint };
}
