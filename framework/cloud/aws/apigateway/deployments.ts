/** Deployments of an HTTP API: CreateDeployment, GetDeployment, GetDeployments and DeleteDeployment. */
import type { RestOperation } from "../rest-operation.ts";
import type { DeploymentRecord } from "../records.ts";
import { childrenOf, findApi, findDeployment, listResponse } from "./resources.ts";
import { badRequest, gatewayMembers, notFound } from "./errors.ts";
import { isDeployed, snapshot } from "./deployment-snapshot.ts";
import { updateStageRecord } from "./stages.ts";

function describe(deployment: DeploymentRecord, now: number): Record<string, unknown> {
  return {
    autoDeployed: false,
    createdDate: deployment.created,
    deploymentId: deployment.deploymentId,
    deploymentStatus: isDeployed(deployment, now) ? "DEPLOYED" : "PENDING",
    description: deployment.description,
  };
}

export const createDeployment: RestOperation<"apis" | "deployments" | "stages" | "clock" | "latency"> = (
  call,
  { apis, deployments, stages, clock, latency },
) => {
  const { apiId } = findApi(call, apis);
  const members = gatewayMembers(call.members);
  const description = members.text("description", { max: 1024 });
  const stageName = members.text("stageName");
  members.end();
  const stage = stageName === undefined ? undefined : stages.get(`${apiId}/${stageName}`);
  if (stageName !== undefined && !stage) throw notFound("Stage", stageName);
  const deployment = snapshot(apiId, description, { apis, deployments, clock, latency });
  if (!deployment) throw badRequest("At least one route is required before deploying the Api.");
  if (stage) updateStageRecord(stage, { deploymentId: deployment.deploymentId }, { stages, clock, latency });
  return { status: 201, body: describe(deployment, clock.now()) };
};

export const getDeployment: RestOperation<"apis" | "deployments" | "clock"> = (call, { apis, deployments, clock }) => ({
  status: 200,
  body: describe(findDeployment(call, { apis, deployments }), clock.now()),
});

export const getDeployments: RestOperation<"apis" | "deployments" | "clock"> = (call, { apis, deployments, clock }) => {
  const all = childrenOf(deployments, findApi(call, apis).apiId);
  return listResponse(
    call,
    all,
    ({ deploymentId }) => deploymentId,
    (deployment) => describe(deployment, clock.now()),
  );
};

export const deleteDeployment: RestOperation<"apis" | "deployments" | "stages"> = (
  call,
  { apis, deployments, stages },
) => {
  const { apiId, deploymentId } = findDeployment(call, { apis, deployments });
  if (childrenOf(stages, apiId).some((stage) => stage.deploymentId === deploymentId)) {
    throw badRequest("Active stages pointing to this deployment must be moved or deleted");
  }
  deployments.remove(`${apiId}/${deploymentId}`);
  return { status: 204 };
};
