/** Deployments and stages of an API: a release frozen, put at a candidate address, given the traffic, and cleared away when it is too old. */
import {
  CreateDeploymentCommand,
  CreateStageCommand,
  DeleteDeploymentCommand,
  DeleteStageCommand,
  type Deployment,
  GetDeploymentCommand,
  GetDeploymentsCommand,
  GetStagesCommand,
  type Stage,
  UpdateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import { randomBytes } from "node:crypto";
import { UserError } from "../../framework/model/user-error.ts";
import type { Clock } from "../clock.ts";
import type { Candidate, Live, Release, Removed } from "../platform.ts";
import type { ApiHandle } from "./api.ts";
import type { Clients } from "./clients.ts";
import { candidatePrefix, describedRelease, type Owner, ownerTags, releaseDescription } from "./names.ts";
import { allPages } from "./pages.ts";
import { isBroken, isConflict, isMissing, isPassing, polling, retrying } from "./retry.ts";

/** All deployments of an API, and all stages. */
export async function readSnapshots(
  { api }: Clients,
  ApiId: string,
): Promise<{ readonly deployments: readonly Deployment[]; readonly stages: readonly Stage[] }> {
  const [deployments, stages] = await Promise.all([
    allPages((page) => api.send(new GetDeploymentsCommand({ ApiId, ...page }))),
    allPages((page) => api.send(new GetStagesCommand({ ApiId, ...page }))),
  ]);
  return { deployments, stages };
}

/** The deployments that are whole releases, oldest first. */
export function toReleases(deployments: readonly Deployment[]): readonly Release[] {
  const releases = deployments.flatMap(({ DeploymentId = "", DeploymentStatus, Description }) => {
    const release = describedRelease(Description);
    return release && DeploymentStatus === "DEPLOYED" ? [{ ...release, ref: DeploymentId }] : [];
  });
  return releases.toSorted((left, right) => left.number - right.number);
}

/** Freezes the working copy. One whose answer was lost is found by its description, so there are never two. */
export async function freeze(clients: Clients, clock: Clock, { id: ApiId }: ApiHandle, number: number, hash: string): Promise<Release> {
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

/** Puts a release at a new stage whose name nobody can guess. */
export async function expose(
  clients: Clients,
  clock: Clock,
  { id: ApiId, endpoint }: ApiHandle,
  owner: Owner,
  release: Release,
): Promise<Candidate> {
  const StageName = `${candidatePrefix}${randomBytes(16).toString("hex")}`;
  const stage = { ApiId, StageName, DeploymentId: release.ref, AutoDeploy: false, Tags: ownerTags(owner) };
  await retrying(
    { clock },
    (error) => isConflict(error) || isPassing(error),
    () => clients.api.send(new CreateStageCommand(stage)),
  );
  return { ...release, url: `${endpoint}/${StageName}` };
}

/** Moves all traffic by one call; the very first release makes the stage. */
export async function switchTo(
  clients: Clients,
  clock: Clock,
  { id: ApiId, endpoint }: ApiHandle,
  owner: Owner,
  release: Release,
): Promise<Live> {
  const target = { ApiId, StageName: "$default", DeploymentId: release.ref };
  await retrying(
    { clock },
    (error) => isConflict(error) || isPassing(error),
    async () => {
      try {
        await clients.api.send(new UpdateStageCommand(target));
      } catch (error) {
        if (!isMissing(error)) throw error;
        await clients.api.send(new CreateStageCommand({ ...target, AutoDeploy: false, Tags: ownerTags(owner) }));
      }
    },
  );
  const { number, hash, ref } = release;
  return { number, hash, ref, url: `${endpoint}/` };
}

/** Removes all candidate stages, then the releases that nothing points to and nobody keeps; other deployments are not ours to judge. */
export async function clear(
  clients: Clients,
  clock: Clock,
  { id: ApiId }: ApiHandle,
  keep: readonly Release[],
): Promise<readonly Removed[]> {
  const { deployments, stages } = await readSnapshots(clients, ApiId);
  const removed: Removed[] = [];
  const remove = async (what: Removed, call: () => Promise<unknown>): Promise<void> => {
    await retrying({ clock }, (error) => isConflict(error) || isPassing(error), call).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
    removed.push(what);
  };
  const [candidates, others] = [true, false].map((wanted) =>
    stages.filter(({ StageName = "" }) => StageName.startsWith(candidatePrefix) === wanted),
  );
  for (const { StageName = "" } of candidates ?? []) {
    await remove({ kind: "stage", name: StageName }, () => clients.api.send(new DeleteStageCommand({ ApiId, StageName })));
  }
  const needed = new Set([...keep.map(({ ref }) => ref), ...(others ?? []).map(({ DeploymentId }) => DeploymentId)]);
  for (const { number, ref } of toReleases(deployments)) {
    if (needed.has(ref)) continue;
    await remove({ kind: "snapshot", name: String(number) }, () =>
      clients.api.send(new DeleteDeploymentCommand({ ApiId, DeploymentId: ref })),
    );
  }
  return removed;
}
