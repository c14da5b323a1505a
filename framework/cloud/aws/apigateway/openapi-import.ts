/** ReimportApi: replaces an API's complete working configuration by an OpenAPI document. */
import type { RestCall, RestOperation } from "../rest-operation.ts";
import type { ApiRecord } from "../records.ts";
import { describeApi } from "./apis.ts";
import { findApi, newId } from "./resources.ts";
import { maxIntegrations } from "./integrations.ts";
import { type Definition, readDefinition } from "./openapi-document.ts";
import { badRequest, gatewayMembers, quota } from "./errors.ts";
import { checkUnique, maxRoutes } from "./routes.ts";

function definitionOf(call: RestCall): Definition {
  const basepath = call.query.get("basepath") ?? "ignore";
  if (basepath !== "ignore") throw badRequest(`Portico's local cloud does not support basepath ${basepath}`);
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

/** The configuration that the next deployment takes. */
type WorkingConfiguration = Pick<ApiRecord, "name" | "version" | "description" | "tags" | "routes" | "integrations">;

/** Every route and integration gets a new id. */
function configure({ name, version, description, tags, routes, integrations }: Definition): WorkingConfiguration {
  const identified = integrations.map((integration) => ({ integrationId: newId(7), ...integration }));
  const identifiedRoutes: WorkingConfiguration["routes"][number][] = [];
  for (const { routeKey, operationName, integration } of routes) {
    checkUnique(routeKey, identifiedRoutes);
    const integrationId = integration === undefined ? undefined : identified[integration]?.integrationId;
    identifiedRoutes.push({
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
    tags,
    integrations: identified,
    routes: identifiedRoutes,
  };
}

export const reimportApi: RestOperation<"apis"> = (call, { apis }) => {
  const { apiId, created, port } = findApi(call, apis);
  const definition = definitionOf(call);
  const api = apis.put(apiId, { apiId, created, port, ...configure(definition) });
  const { warnings } = definition;
  return { status: 201, body: { ...describeApi(api), ...(warnings.length > 0 && { warnings }) } };
};
