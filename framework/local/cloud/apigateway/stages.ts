/** CreateStage, GetStage(s), UpdateStage and DeleteStage: named references to a deployment; UpdateStage is the switch. */
import type { Members } from "../members.ts";
import type { Operation } from "../operation.ts";
import type { StageRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { autoDeploy, moveStage } from "./auto-deploy.ts";
import { isDeployed } from "./deployments.ts";
import { childrenOf, findApi, findStage, pageAnswer, timestamp } from "./find.ts";
import { badRequest, checkTags, conflict, gatewayMembers, notFound, quota } from "./refusals.ts";

const maxStages = 10;

function describeStage(stage: StageRecord): Record<string, unknown> {
  return {
    autoDeploy: stage.autoDeploy,
    createdDate: stage.created,
    defaultRouteSettings: { detailedMetricsEnabled: false },
    deploymentId: stage.deploymentId,
    description: stage.description,
    lastUpdatedDate: stage.updated,
    routeSettings: {},
    stageName: stage.stageName,
    stageVariables: {},
    tags: stage.tags,
  };
}

/** What CreateStage and UpdateStage both take; only what was given. */
function readChange(
  members: Members,
  apiId: string,
  wasAuto: boolean,
  region: Region,
): Partial<Pick<StageRecord, "autoDeploy" | "deploymentId" | "description">> {
  const autoDeploys = members.flag("autoDeploy");
  const deploymentId = members.text("deploymentId");
  const description = members.text("description", { max: 1024 });
  if (deploymentId !== undefined) {
    if (autoDeploys ?? wasAuto) throw badRequest("Deployment ID cannot be set on this stage because AutoDeploy is enabled");
    const deployment = region.state.deployments.get(`${apiId}/${deploymentId}`);
    if (!deployment) throw notFound("Deployment", deploymentId);
    // Not known of AWS; the strict answer shows a deployer that does not wait.
    if (!isDeployed(deployment, region)) throw badRequest(`Deployment ${deploymentId} is still PENDING`);
  }
  return {
    ...(autoDeploys !== undefined && { autoDeploy: autoDeploys }),
    ...(deploymentId !== undefined && { deploymentId }),
    ...(description !== undefined && { description }),
  };
}

export const createStage: Operation = (call, region) => {
  const { apiId } = findApi(call, region);
  const members = gatewayMembers(call.members);
  const stageName = members.requiredText("stageName", { min: 1, max: 128, pattern: /^(\$default|[a-zA-Z0-9_-]+)$/ });
  const tags = checkTags(members.textMap("tags") ?? {});
  const change = readChange(members, apiId, false, region);
  members.end();
  const others = childrenOf(region.state.stages, apiId);
  if (others.some((other) => other.stageName === stageName)) throw conflict("Stage already exists");
  if (others.length >= maxStages) throw quota("Stages");
  const now = timestamp(region);
  const id = `${apiId}/${stageName}`;
  const stage: StageRecord = { apiId, stageName, autoDeploy: false, created: now, updated: now, tags, nodes: [] };
  moveStage(stage, change, region);
  if (change.autoDeploy) autoDeploy(apiId, region);
  return { status: 201, body: describeStage(region.state.stages.get(id)!) };
};

export const getStage: Operation = (call, region) => ({ status: 200, body: describeStage(findStage(call, region)) });

export const getStages: Operation = (call, region) => {
  const all = childrenOf(region.state.stages, findApi(call, region).apiId);
  return pageAnswer(call, all, ({ stageName }) => stageName, describeStage);
};

export const updateStage: Operation = (call, region) => {
  const stage = findStage(call, region);
  const { apiId, stageName } = stage;
  const members = gatewayMembers(call.members);
  const change = readChange(members, apiId, stage.autoDeploy, region);
  members.end();
  const id = `${apiId}/${stageName}`;
  moveStage(stage, change, region);
  if (change.autoDeploy && !stage.autoDeploy) autoDeploy(apiId, region);
  return { status: 200, body: describeStage(region.state.stages.get(id)!) };
};

export const deleteStage: Operation = (call, region) => {
  const { apiId, stageName } = findStage(call, region);
  region.state.stages.remove(`${apiId}/${stageName}`);
  return { status: 204 };
};
