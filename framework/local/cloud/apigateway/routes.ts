/** CreateRoute, GetRoute(s), UpdateRoute and DeleteRoute: the working configuration, invisible until it is deployed. */
import type { Members } from "../members.ts";
import type { Operation } from "../operation.ts";
import type { ApiRecord, RouteRecord } from "../records.ts";
import { autoDeploy } from "./auto-deploy.ts";
import { findApi, findRoute, newId, pageAnswer } from "./find.ts";
import { badRequest, conflict, gatewayMembers, notFound, quota } from "./refusals.ts";
import { isRouteKey, routeShape } from "./route-key.ts";

/** Of one API (quotas page). */
export const maxRoutes = 300;

function describeRoute(route: RouteRecord): Record<string, unknown> {
  return {
    apiKeyRequired: false,
    authorizationType: "NONE",
    operationName: route.operationName,
    routeId: route.routeId,
    routeKey: route.routeKey,
    target: route.integrationId === undefined ? undefined : `integrations/${route.integrationId}`,
  };
}

/** The members that may change; only what was given. */
function readChange(members: Members, api: ApiRecord): Partial<Pick<RouteRecord, "routeKey" | "integrationId" | "operationName">> {
  const routeKey = members.text("routeKey");
  if (routeKey !== undefined && !isRouteKey(routeKey)) {
    throw badRequest(
      'The provided route key is not formatted properly for HTTP protocol. Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"',
    );
  }
  const target = members.text("target", { max: 128 });
  const integrationId = target?.replace(/^integrations\//, "");
  if (target !== undefined && target === integrationId) throw badRequest("Invalid target: it must be integrations/INTEGRATION_ID");
  if (integrationId !== undefined && !api.integrations.some((one) => one.integrationId === integrationId))
    throw notFound("Integration", integrationId);
  members.text("authorizationType", { oneOf: ["NONE"] });
  if (members.flag("apiKeyRequired")) throw badRequest("API keys are not supported for HTTP APIs");
  const operationName = members.text("operationName", { min: 1, max: 64 });
  members.end();
  return {
    ...(routeKey !== undefined && { routeKey }),
    ...(integrationId !== undefined && { integrationId }),
    ...(operationName !== undefined && { operationName }),
  };
}

/** Throws ConflictException when another route answers the same requests. */
export function checkUnique(routeKey: string, others: readonly RouteRecord[]): void {
  if (others.some((other) => other.routeKey === routeKey)) throw conflict(`Route with key ${routeKey} already exists for this API`);
  const twin = others.find((other) => routeShape(other.routeKey) === routeShape(routeKey));
  if (twin)
    throw conflict(`The provided route key "${routeKey}" has a conflicting variable on the same hierarchical level as "${twin.routeKey}"`);
}

export const createRoute: Operation = (call, region) => {
  const api = findApi(call, region);
  const members = gatewayMembers(call.members);
  members.requiredText("routeKey");
  const { routeKey = "", ...change } = readChange(members, api);
  checkUnique(routeKey, api.routes);
  if (api.routes.length >= maxRoutes) throw quota("Routes");
  const route = { routeId: newId(7), routeKey, ...change };
  region.state.apis.put(api.apiId, { ...api, routes: [...api.routes, route] });
  autoDeploy(api.apiId, region);
  return { status: 201, body: describeRoute(route) };
};

export const getRoute: Operation = (call, region) => ({ status: 200, body: describeRoute(findRoute(call, region).route) });

export const getRoutes: Operation = (call, region) =>
  pageAnswer(call, findApi(call, region).routes, ({ routeId }) => routeId, describeRoute);

export const updateRoute: Operation = (call, region) => {
  const { api, route: before } = findRoute(call, region);
  const route = { ...before, ...readChange(gatewayMembers(call.members), api) };
  checkUnique(
    route.routeKey,
    api.routes.filter((other) => other !== before),
  );
  region.state.apis.put(api.apiId, { ...api, routes: api.routes.map((one) => (one === before ? route : one)) });
  autoDeploy(api.apiId, region);
  return { status: 200, body: describeRoute(route) };
};

export const deleteRoute: Operation = (call, region) => {
  const { api, route } = findRoute(call, region);
  region.state.apis.put(api.apiId, { ...api, routes: api.routes.filter((one) => one !== route) });
  autoDeploy(api.apiId, region);
  return { status: 204 };
};
