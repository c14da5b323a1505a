/**
 * An HTTP API's snapshots (AWS calls them deployments) and API Gateway stages: freezes a snapshot, puts it at a secret
 * stage, checks the routes there, and moves `$default` to it.
 */
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
import { isConnectionError, isConflict, isMissing, isTransient, undefinedIfMissing } from "../aws-error.ts";
import type { Clients } from "../clients.ts";
import type { LambdaFunction } from "../lambda-function.ts";
import { readPages, type ApiHandle, readStage } from "./api.ts";
import { poll, retry } from "../../retry.ts";
import type { Owner, Version } from "../../parts.ts";
import { candidatePrefix, describedRelease, ownerTags, releaseDescription } from "../names.ts";
import type { UploadedRelease } from "../../platform.ts";
import { UserError } from "../../../framework/model/user-error.ts";

/** All deployments of an API, and all stages. */
export interface Snapshots {
  readonly deployments: readonly Deployment[];
  readonly stages: readonly Stage[];
}

export async function readSnapshots({ api }: Clients, ApiId: string): Promise<Snapshots> {
  const [deployments, stages] = await Promise.all([
    readPages((page) => api.send(new GetDeploymentsCommand({ ApiId, ...page }))),
    readPages((page) => api.send(new GetStagesCommand({ ApiId, ...page }))),
  ]);
  return { deployments, stages };
}

/** A release as its snapshot's description names it. */
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

/** Freezes the working copy. After a lost answer it finds the snapshot by its description, so there is only one. */
export async function freeze(
  clients: Clients,
  { id: ApiId }: ApiHandle,
  number: number,
  hash: string,
): Promise<Snapshot> {
  const { clock } = clients;
  const Description = releaseDescription(number, hash);
  const again = (error: unknown): boolean => isConflict(error) || isTransient(error) || isConnectionError(error);
  let isRepeat = false;
  const made = await retry({ clock }, again, async () => {
    const found = isRepeat
      ? (await readSnapshots(clients, ApiId)).deployments.find((one) => one.Description === Description)
      : undefined;
    isRepeat = true;
    return found ?? (await clients.apiOnce.send(new CreateDeploymentCommand({ ApiId, Description })));
  });
  const { DeploymentId = "" } = made;
  const isDeployed = ({ DeploymentStatus, DeploymentStatusMessage }: Deployment): boolean => {
    if (DeploymentStatus !== "FAILED") return DeploymentStatus === "DEPLOYED";
    const why = DeploymentStatusMessage ?? "it gives no reason";
    throw new UserError(
      "DEPLOYMENT_FAILED",
      `API Gateway could not freeze release ${number}: ${why}`,
      "Correct the cause and run the deploy again; the live release is unchanged.",
    );
  };
  if (!isDeployed(made)) {
    await poll(
      { clock },
      `release ${number}`,
      () => clients.api.send(new GetDeploymentCommand({ ApiId, DeploymentId })),
      isDeployed,
    );
  }
  return { number, hash, ref: DeploymentId };
}

/** Events of the stage have it, and so lines of `portico/log`: a function's version does not know its release. */
const releaseVariable = (number: number) => ({ release: String(number) });

/** Puts a snapshot at a new stage with an unguessable name; returns the name. */
export async function expose(
  { api, clock }: Clients,
  { id: ApiId }: ApiHandle,
  owner: Owner,
  { number, ref }: Snapshot,
): Promise<string> {
  const StageName = `${candidatePrefix}${randomBytes(16).toString("hex")}`;
  const target = { ApiId, StageName, DeploymentId: ref, StageVariables: releaseVariable(number) };
  const stage = { ...target, AutoDeploy: false, Tags: ownerTags(owner) };
  let isRepeat = false;
  await retry({ clock }, isConflict, async () => {
    const isThere = isRepeat && (await findStage(api, ApiId, StageName));
    isRepeat = true;
    if (!isThere) await api.send(new CreateStageCommand(stage));
  });
  return StageName;
}

/**
 * Moves all traffic by one call; the very first release makes the stage. Reads back that it did: UpdateStage takes no
 * precondition, so this is where a deployer that lost its lease in that one moment would be seen.
 */
export async function switchTo(
  { api, clock }: Clients,
  { id: ApiId }: ApiHandle,
  owner: Owner,
  { number, ref }: Snapshot,
): Promise<void> {
  const target = { ApiId, StageName: "$default", DeploymentId: ref, StageVariables: releaseVariable(number) };
  await retry({ clock }, isConflict, async () => {
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
    `the traffic moved to release ${number}, and another deployer moved it elsewhere in the same moment`,
    `Run portico releases --stage ${owner.stage}, then portico promote NUMBER --stage ${owner.stage} --target lambda`,
  );
}

/** No traffic goes anywhere then: every path answers as an API without a stage does. */
export async function withdrawStage(clients: Clients, api: ApiHandle): Promise<void> {
  await deleteStage(clients, api, "$default");
}

/** Removes a stage that may be gone already. */
export async function deleteStage({ api, clock }: Clients, { id: ApiId }: ApiHandle, StageName: string): Promise<void> {
  await retry({ clock }, isConflict, () => api.send(new DeleteStageCommand({ ApiId, StageName }))).catch(
    undefinedIfMissing,
  );
}

const findStage = (api: Clients["api"], ApiId: string, StageName: string): Promise<unknown> =>
  api.send(new GetStageCommand({ ApiId, StageName })).catch(undefinedIfMissing);

/** The routes of a release, each with the version that it calls. */
export const calledRoutes = (release: UploadedRelease<LambdaFunction>) =>
  release.desired.routes.map((route) => ({ key: route.key, ref: versionOf(release, route.function).ref }));

/** Throws UserError CANDIDATE_DIFFERS. */
export async function requireSameRoutes(
  clients: Clients,
  api: ApiHandle,
  stage: string,
  release: UploadedRelease<LambdaFunction>,
): Promise<void> {
  const lines = (routes: readonly { readonly key: string; readonly ref: string }[]): readonly string[] =>
    routes.map(({ key, ref }) => `${key} → ${ref}`).toSorted();
  const [wanted, found] = [lines(calledRoutes(release)), lines(await readStage(clients, api.id, stage))];
  const other = wanted.find((line, at) => line !== found[at]) ?? found[wanted.length];
  if (other === undefined) return;
  throw new UserError(
    "CANDIDATE_DIFFERS",
    `release ${release.number} was frozen with a route that it should not have: ${other}`,
    "Run the deploy again when nobody else edits the API; the live release is unchanged.",
  );
}

/** Throws Error for a function that was not uploaded. */
export function versionOf({ versions }: UploadedRelease, id: string): Version {
  const version = versions.get(id);
  if (version) return version;
  throw new Error(`no version of ${id} was uploaded`);
}
