/** Snapshots: an API's working configuration in, a frozen deployment out; stages with autoDeploy follow every change at once. */
import { spread } from "../propagation.ts";
import type { DeploymentRecord, FrozenRoute, StageRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { childrenOf, newId, timestamp } from "./find.ts";

function freeze(apiId: string, region: Region): readonly FrozenRoute[] {
  const { routes = [], integrations = [] } = region.state.apis.get(apiId) ?? {};
  const byId = new Map(integrations.map((one) => [one.integrationId, one]));
  return routes.map(({ routeKey, integrationId }) => {
    const found = integrationId === undefined ? undefined : byId.get(integrationId);
    if (!found) return { routeKey };
    return { routeKey, integration: { integrationId: found.integrationId, uri: found.uri, timeoutInMillis: found.timeoutInMillis } };
  });
}

/** Makes a deployment of the API as it is now; undefined when it has no route. */
export function snapshot(
  apiId: string,
  autoDeployed: boolean,
  description: string | undefined,
  region: Region,
): DeploymentRecord | undefined {
  const routes = freeze(apiId, region);
  if (routes.length === 0) return undefined;
  const deploymentId = newId(6);
  return region.state.deployments.put(`${apiId}/${deploymentId}`, {
    apiId,
    deploymentId,
    ...(description !== undefined && { description }),
    created: timestamp(region),
    autoDeployed,
    readyAt: region.clock.now() + (autoDeployed ? 0 : region.pace.deployment),
    routes,
  });
}

/** Points every stage that has autoDeploy on at a new snapshot. */
export function autoDeploy(apiId: string, region: Region): void {
  const stages = childrenOf(region.state.stages, apiId).filter((stage) => stage.autoDeploy);
  if (stages.length === 0) return;
  const deployment = snapshot(apiId, true, "Automatic deployment triggered by changes to the Api configuration", region);
  if (!deployment) return;
  for (const stage of stages) {
    moveStage(stage, { deploymentId: deployment.deploymentId }, region);
  }
}

/** Changes a stage; where it points elsewhere then, its nodes see that one after the other. */
export function moveStage(stage: StageRecord, change: Partial<StageRecord>, region: Region): void {
  const { apiId, stageName, deploymentId, nodes } = stage;
  const moves = change.deploymentId !== undefined && change.deploymentId !== deploymentId;
  const next = { ...stage, ...change, updated: timestamp(region) };
  const spreading = moves ? spread(nodes, deploymentId, region.clock.now(), region.pace.propagation) : nodes;
  region.state.stages.put(`${apiId}/${stageName}`, { ...next, nodes: spreading });
}
