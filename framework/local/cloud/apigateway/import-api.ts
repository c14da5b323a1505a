/** ImportApi and ReimportApi: an OpenAPI document in; an API whose whole working configuration is that, and nothing else, out. */
import type { Call, Operation } from "../operation.ts";
import type { ApiRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { describeApi } from "./apis.ts";
import { autoDeploy } from "./auto-deploy.ts";
import { findApi, newId, timestamp } from "./find.ts";
import { maxIntegrations } from "./integrations.ts";
import { type Definition, readDefinition } from "./openapi.ts";
import { badRequest, gatewayMembers, quota } from "./refusals.ts";
import { checkUnique, maxRoutes } from "./routes.ts";

function definitionOf(call: Call): Definition {
  const basepath = call.query.get("basepath") ?? "ignore";
  if (basepath !== "ignore") throw badRequest(`Portico's local cloud does not speak basepath ${basepath}`);
  const members = gatewayMembers(call.members);
  const definition = readDefinition(members.requiredText("body"));
  members.end();
  const { routes, integrations, warnings } = definition;
  if (call.query.get("failOnWarnings") === "true" && warnings.length > 0)
    throw badRequest(`Warnings found during import:\n\t${warnings.join("\n\t")}`);
  if (routes.length > maxRoutes) throw quota("Routes");
  if (integrations.length > maxIntegrations) throw quota("Integrations");
  return definition;
}

type Working = Pick<ApiRecord, "name" | "version" | "description" | "tags" | "routes" | "integrations">;

/** Every route and integration is a new one, with a new id. */
function workingOf({ name, version, description, tags, routes, integrations }: Definition): Working {
  const made = integrations.map((one) => ({ integrationId: newId(7), ...one }));
  const working: Working["routes"][number][] = [];
  for (const { routeKey, operationName, integration } of routes) {
    checkUnique(routeKey, working);
    const integrationId = integration === undefined ? undefined : made[integration]?.integrationId;
    working.push({
      routeId: newId(7),
      routeKey,
      ...(operationName !== undefined && { operationName }),
      ...(integrationId !== undefined && { integrationId }),
    });
  }
  return {
    name,
    ...(version !== undefined && { version }),
    ...(description !== undefined && { description }),
    ...{ tags, integrations: made, routes: working },
  };
}

function imported(api: ApiRecord, { warnings }: Definition) {
  return { status: 201, body: { ...describeApi(api), ...(warnings.length > 0 && { warnings }) } };
}

export const importApi: Operation = async (call, region) => {
  const definition = definitionOf(call);
  const working = workingOf(definition);
  const apiId = newId(10);
  const port = await region.fronts.open(apiId, 0);
  const api = region.state.apis.put(apiId, { apiId, created: timestamp(region), port, ...working });
  return imported(api, definition);
};

export const reimportApi: Operation = (call, region: Region) => {
  const { apiId, created, port } = findApi(call, region);
  const definition = definitionOf(call);
  const api = region.state.apis.put(apiId, { apiId, created, port, ...workingOf(definition) });
  autoDeploy(apiId, region);
  return imported(api, definition);
};
