/** Snapshots of an HTTP API and the stages that point to them: freeze, expose as a candidate, switch `$default`. */
import {
  CreateDeploymentCommand,
  CreateStageCommand,
  DeleteStageCommand,
  type Deployment,
  GetDeploymentCommand,
  GetDeploymentsCommand,
  GetStageCommand,
  GetStagesCommand,
  type Stage,
  UpdateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import { randomBytes } from "node:crypto";
import { UserError } from "../../framework/model/user-error.ts";
import type { ApiHandle } from "./api.ts";
import type { Clients } from "./clients.ts";
import { candidatePrefix, describedRelease, type Owner, ownerTags, releaseDescription } from "./names.ts";
import { allPages } from "./pages.ts";
import { isBroken, isConflict, isMissing, isPassing, polling, retrying } from "./retry.ts";

/** All deployments of an API, and all stages. */
export interface Snapshots {
  readonly deployments: readonly Deployment[];
  readonly stages: readonly Stage[];
}

export async function readSnapshots({ api }: Clients, ApiId: string): Promise<Snapshots> {
  const [deployments, stages] = await Promise.all([
    allPages((page) => api.send(new GetDeploymentsCommand({ ApiId, ...page }))),
    allPages((page) => api.send(new GetStagesCommand({ ApiId, ...page }))),
  ]);
  return { deployments, stages };
}

/** A whole release as its snapshot tells it. */
export interface Snapshot {
  readonly number: number;
  readonly hash: string;
  readonly ref: string;
}

/** The deployments that are whole releases, oldest first. */
export function toSnapshots(deployments: readonly Deployment[]): readonly Snapshot[] {
  const releases = deployments.flatMap(({ DeploymentId = "", DeploymentStatus, Description }) => {
    const release = describedRelease(Description);
    return release && DeploymentStatus === "DEPLOYED" ? [{ ...release, ref: DeploymentId }] : [];
  });
  return releases.toSorted((left, right) => left.number - right.number);
}

/** Freezes the working copy. One whose answer was lost is found by its description, so there are never two. */
export async function freeze(clients: Clients, { id: ApiId }: ApiHandle, number: number, hash: string): Promise<Snapshot> {
  const { clock } = clients;
  const Description = releaseDescription(number, hash);
  const again = (error: unknown): boolean => isConflict(error) || isPassing(error) || isBroken(error);
  let isRepeat = false;
  const made = await retrying({ clock }, again, async () => {
    const found = isRepeat ? (await readSnapshots(clients, ApiId)).deployments.find((one) => one.Description === Description) : undefined;
    isRepeat = true;
    return found ?? (await clients.apiOnce.send(new CreateDeploymentCommand({ ApiId, Description })));
  });
  const { DeploymentId = "" } = made;
  const isDeployed = ({ DeploymentStatus, DeploymentStatusMessage }: Deployment): boolean => {
    if (DeploymentStatus !== "FAILED") return DeploymentStatus === "DEPLOYED";
    const why = DeploymentStatusMessage ?? "it does not say why";
    throw new UserError(
      "DEPLOYMENT_FAILED",
      `API Gateway could not freeze release ${number}: ${why}`,
      "what is live was not touched; repair it and deploy again",
    );
  };
  if (!isDeployed(made)) {
    await polling({ clock }, `release ${number}`, () => clients.api.send(new GetDeploymentCommand({ ApiId, DeploymentId })), isDeployed);
  }
  return { number, hash, ref: DeploymentId };
}

/** Puts a snapshot at a new stage whose name nobody can guess; gives the name. */
export async function expose({ api, clock }: Clients, { id: ApiId }: ApiHandle, owner: Owner, { ref }: Snapshot): Promise<string> {
  const StageName = `${candidatePrefix}${randomBytes(16).toString("hex")}`;
  const stage = { ApiId, StageName, DeploymentId: ref, AutoDeploy: false, Tags: ownerTags(owner) };
  let isRepeat = false;
  await retrying({ clock }, isConflict, async () => {
    const isThere = isRepeat && (await findStage(api, ApiId, StageName));
    isRepeat = true;
    if (!isThere) await api.send(new CreateStageCommand(stage));
  });
  return StageName;
}

/**
 * Moves all traffic by one call; the very first release makes the stage. Reads back that it did: UpdateStage takes no precondition, so
 * this is where a deployer that lost its lease in that one moment would be seen.
 */
export async function switchTo({ api, clock }: Clients, { id: ApiId }: ApiHandle, owner: Owner, { number, ref }: Snapshot): Promise<void> {
  const target = { ApiId, StageName: "$default", DeploymentId: ref };
  await retrying({ clock }, isConflict, async () => {
    try {
      await api.send(new UpdateStageCommand(target));
    } catch (error) {
      if (!isMissing(error)) throw error;
      await api.send(new CreateStageCommand({ ...target, AutoDeploy: false, Tags: ownerTags(owner) }));
    }
  });
  const stage = await api.send(new GetStageCommand({ ApiId, StageName: "$default" }));
  if (stage.DeploymentId === ref) return;
  throw new UserError(
    "SWITCH_OVERTAKEN",
    `release ${number} was switched to, and the stage points elsewhere now: another deployer moved it in the same moment`,
    "look at portico releases, and promote the one that should be live",
  );
}

/** No traffic goes anywhere then: every path answers as an API without a stage does. */
export async function withdrawStage(clients: Clients, api: ApiHandle): Promise<void> {
  await deleteStage(clients, api, "$default");
}

/** Removes a stage that may be gone already. */
export async function deleteStage({ api, clock }: Clients, { id: ApiId }: ApiHandle, StageName: string): Promise<void> {
  await retrying({ clock }, isConflict, () => api.send(new DeleteStageCommand({ ApiId, StageName }))).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

const findStage = (api: Clients["api"], ApiId: string, StageName: string): Promise<unknown> =>
  api.send(new GetStageCommand({ ApiId, StageName })).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
