/** Snapshots of an API's working configuration, which are its deployments. */
import type { Uses } from "../backends.ts";
import type { ApiRecord, DeploymentRecord, FrozenRoute } from "../records.ts";
import { newId, timestamp } from "./resources.ts";

function freeze({ routes, integrations }: ApiRecord): readonly FrozenRoute[] {
  const byId = new Map(integrations.map((integration) => [integration.integrationId, integration]));
  return routes.map(({ routeKey, integrationId }) => {
    const integration = integrationId === undefined ? undefined : byId.get(integrationId);
    if (!integration) return { routeKey };
    return {
      routeKey,
      integration: {
        integrationId: integration.integrationId,
        uri: integration.uri,
        timeoutInMillis: integration.timeoutInMillis,
      },
    };
  });
}

/** Creates a deployment of the API's current configuration; undefined when the API has no route. */
export function snapshot(
  apiId: string,
  description: string | undefined,
  { apis, deployments, clock, latency }: Uses<"apis" | "deployments" | "clock" | "latency">,
): DeploymentRecord | undefined {
  const api = apis.get(apiId);
  if (!api || api.routes.length === 0) return undefined;
  const deploymentId = newId(6);
  return deployments.put(`${apiId}/${deploymentId}`, {
    apiId,
    deploymentId,
    ...(description !== undefined && { description }),
    created: timestamp(clock.now()),
    readyAt: clock.now() + latency.deployment,
    routes: freeze(api),
  });
}

/** False while the deployment is PENDING. */
export function isDeployed({ readyAt }: DeploymentRecord, now: number): boolean {
  return now >= readyAt;
}
