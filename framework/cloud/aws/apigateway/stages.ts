/**
 * Stages of an HTTP API, each a named reference to a deployment: CreateStage, GetStage, GetStages, UpdateStage (which
 * switches the deployment) and DeleteStage.
 */
import type { StructureReader } from "../../structure-reader.ts";
import type { Uses } from "../backends.ts";
import { propagate } from "../propagation.ts";
import type { RestOperation } from "../rest-operation.ts";
import type { StageRecord } from "../records.ts";
import { isDeployed } from "./deployment-snapshot.ts";
import { childrenOf, findApi, findStage, listResponse, timestamp } from "./resources.ts";
import { badRequest, checkTags, conflict, gatewayMembers, notFound, quota } from "./errors.ts";

const maxStages = 10;

function describeStage(stage: StageRecord): Record<string, unknown> {
  return {
    autoDeploy: false,
    createdDate: stage.created,
    defaultRouteSettings: { detailedMetricsEnabled: false },
    deploymentId: stage.deploymentId,
    description: stage.description,
    lastUpdatedDate: stage.updated,
    routeSettings: {},
    stageName: stage.stageName,
    stageVariables: stage.variables ?? {},
    tags: stage.tags,
  };
}

/** The members that CreateStage and UpdateStage share, as far as the call sets them. */
function readChange(
  members: StructureReader,
  apiId: string,
  { deployments, clock }: Uses<"deployments" | "clock">,
): Partial<Pick<StageRecord, "deploymentId" | "description" | "variables">> {
  if (members.flag("autoDeploy")) throw badRequest("Portico's local cloud does not support autoDeploy");
  const deploymentId = members.text("deploymentId");
  const description = members.text("description", { max: 1024 });
  const variables = members.textMap("stageVariables");
  checkVariables(variables ?? {});
  if (deploymentId !== undefined) {
    const deployment = deployments.get(`${apiId}/${deploymentId}`);
    if (!deployment) throw notFound("Deployment", deploymentId);
    // AWS does not document this case. The refusal reveals a deployer that does not wait.
    if (!isDeployed(deployment, clock.now())) throw badRequest(`Deployment ${deploymentId} is still PENDING`);
  }
  return {
    ...(deploymentId !== undefined && { deploymentId }),
    ...(description !== undefined && { description }),
    ...(variables && { variables }),
  };
}

/** Names and values as the API reference of UpdateStage has them. */
function checkVariables(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables))
    if (!/^\w+$/.test(name) || !/^[A-Za-z0-9\-._~:/?#&=,]+$/.test(value))
      throw badRequest(`Invalid stage variable name or value: ${name}`);
}

/** Changes the record of a stage. When its deployment changes, the request nodes see that at different times. */
export function updateStageRecord(
  stage: StageRecord,
  change: Partial<StageRecord>,
  { stages, clock, latency }: Uses<"stages" | "clock" | "latency">,
): StageRecord {
  const { apiId, stageName, deploymentId } = stage;
  const moves = change.deploymentId !== undefined && change.deploymentId !== deploymentId;
  const nodes = moves ? propagate(stage.nodes, deploymentId, clock.now(), latency.propagation) : stage.nodes;
  return stages.put(`${apiId}/${stageName}`, { ...stage, ...change, updated: timestamp(clock.now()), nodes });
}

export const createStage: RestOperation<"apis" | "deployments" | "stages" | "clock" | "latency"> = (
  call,
  { apis, deployments, stages, clock, latency },
) => {
  const { apiId } = findApi(call, apis);
  const members = gatewayMembers(call.members);
  const stageName = members.requiredText("stageName", { min: 1, max: 128, pattern: /^(\$default|[a-zA-Z0-9_-]+)$/ });
  const tags = checkTags(members.textMap("tags") ?? {});
  const change = readChange(members, apiId, { deployments, clock });
  members.end();
  const others = childrenOf(stages, apiId);
  if (others.some((other) => other.stageName === stageName)) throw conflict("Stage already exists");
  if (others.length >= maxStages) throw quota("Stages");
  const now = timestamp(clock.now());
  const stage: StageRecord = { apiId, stageName, created: now, updated: now, tags, nodes: [] };
  const created = updateStageRecord(stage, change, { stages, clock, latency });
  return { status: 201, body: describeStage(created) };
};

export const getStage: RestOperation<"apis" | "stages"> = (call, { apis, stages }) => ({
  status: 200,
  body: describeStage(findStage(call, { apis, stages })),
});

export const getStages: RestOperation<"apis" | "stages"> = (call, { apis, stages }) => {
  const all = childrenOf(stages, findApi(call, apis).apiId);
  return listResponse(call, all, ({ stageName }) => stageName, describeStage);
};

export const updateStage: RestOperation<"apis" | "deployments" | "stages" | "clock" | "latency"> = (
  call,
  { apis, deployments, stages, clock, latency },
) => {
  const stage = findStage(call, { apis, stages });
  const members = gatewayMembers(call.members);
  const change = readChange(members, stage.apiId, { deployments, clock });
  members.end();
  const updated = updateStageRecord(stage, change, { stages, clock, latency });
  return { status: 200, body: describeStage(updated) };
};

export const deleteStage: RestOperation<"apis" | "stages"> = (call, { apis, stages }) => {
  const { apiId, stageName } = findStage(call, { apis, stages });
  stages.remove(`${apiId}/${stageName}`);
  return { status: 204 };
};
