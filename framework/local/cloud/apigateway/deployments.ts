/** CreateDeployment, GetDeployment(s) and DeleteDeployment: immutable snapshots of an API's routes and integrations. */
import type { Operation } from "../operation.ts";
import type { DeploymentRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { moveStage, snapshot } from "./auto-deploy.ts";
import { childrenOf, findApi, findDeployment, pageAnswer } from "./find.ts";
import { badRequest, gatewayMembers, notFound } from "./refusals.ts";

export function isDeployed(deployment: DeploymentRecord, region: Region): boolean {
  return region.clock.now() >= deployment.readyAt;
}

function describe(deployment: DeploymentRecord, region: Region): Record<string, unknown> {
  return {
    autoDeployed: deployment.autoDeployed,
    createdDate: deployment.created,
    deploymentId: deployment.deploymentId,
    deploymentStatus: isDeployed(deployment, region) ? "DEPLOYED" : "PENDING",
    description: deployment.description,
  };
}

export const createDeployment: Operation = (call, region) => {
  const { apiId } = findApi(call, region);
  const members = gatewayMembers(call.members);
  const description = members.text("description", { max: 1024 });
  const stageName = members.text("stageName");
  members.end();
  const stage = stageName === undefined ? undefined : region.state.stages.get(`${apiId}/${stageName}`);
  if (stageName !== undefined && !stage) throw notFound("Stage", stageName);
  if (stage?.autoDeploy) throw badRequest("Deployment ID cannot be set on this stage because AutoDeploy is enabled");
  const deployment = snapshot(apiId, false, description, region);
  if (!deployment) throw badRequest("At least one route is required before deploying the Api.");
  if (stage) moveStage(stage, { deploymentId: deployment.deploymentId }, region);
  return { status: 201, body: describe(deployment, region) };
};

export const getDeployment: Operation = (call, region) => ({ status: 200, body: describe(findDeployment(call, region), region) });

export const getDeployments: Operation = (call, region) => {
  const all = childrenOf(region.state.deployments, findApi(call, region).apiId);
  return pageAnswer(
    call,
    all,
    ({ deploymentId }) => deploymentId,
    (deployment) => describe(deployment, region),
  );
};

export const deleteDeployment: Operation = (call, region) => {
  const { apiId, deploymentId } = findDeployment(call, region);
  if (childrenOf(region.state.stages, apiId).some((stage) => stage.deploymentId === deploymentId)) {
    throw badRequest("Active stages pointing to this deployment must be moved or deleted");
  }
  region.state.deployments.remove(`${apiId}/${deploymentId}`);
  return { status: 204 };
};
