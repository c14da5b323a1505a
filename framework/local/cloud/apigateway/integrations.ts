/** CreateIntegration, GetIntegration(s), UpdateIntegration and DeleteIntegration: AWS_PROXY to a Lambda function, payload 2.0. */
import type { Members } from "../members.ts";
import type { Operation } from "../operation.ts";
import type { IntegrationRecord } from "../records.ts";
import { autoDeploy } from "./auto-deploy.ts";
import { childrenOf, findApi, findIntegration, newId, pageAnswer } from "./find.ts";
import { parseIntegrationUri } from "./integration-uri.ts";
import { badRequest, conflict, gatewayMembers, quota } from "./refusals.ts";

const maxIntegrations = 300;

function describeIntegration(integration: IntegrationRecord): Record<string, unknown> {
  return {
    connectionType: "INTERNET",
    description: integration.description,
    integrationId: integration.integrationId,
    integrationMethod: "POST",
    integrationType: "AWS_PROXY",
    integrationUri: integration.uri,
    payloadFormatVersion: "2.0",
    timeoutInMillis: integration.timeoutInMillis,
  };
}

/** The members that may change; only what was given. */
function readChange(members: Members): Partial<Pick<IntegrationRecord, "uri" | "timeoutInMillis" | "description">> {
  const type = members.text("integrationType");
  if (type !== undefined && type !== "AWS_PROXY") throw badRequest(`Portico's local cloud does not speak the integration type ${type}`);
  members.text("integrationMethod", { oneOf: ["POST"] });
  members.text("connectionType", { oneOf: ["INTERNET"] });
  const format = members.text("payloadFormatVersion");
  if (format !== undefined && format !== "2.0")
    throw badRequest(`Portico's local cloud speaks payload format version 2.0 only, not ${format}`);
  const uri = members.text("integrationUri");
  if (uri !== undefined && !parseIntegrationUri(uri)) throw badRequest("Invalid function ARN or invalid uri");
  const timeoutInMillis = members.integer("timeoutInMillis", 50, 30_000);
  const description = members.text("description", { max: 1024 });
  members.end();
  return {
    ...(uri !== undefined && { uri }),
    ...(timeoutInMillis !== undefined && { timeoutInMillis }),
    ...(description !== undefined && { description }),
  };
}

export const createIntegration: Operation = (call, region) => {
  const { apiId } = findApi(call, region);
  const members = gatewayMembers(call.members);
  members.requiredText("integrationType");
  members.requiredText("payloadFormatVersion");
  const { uri, ...change } = readChange(members);
  if (uri === undefined) throw badRequest("Invalid function ARN or invalid uri");
  if (childrenOf(region.state.integrations, apiId).length >= maxIntegrations) throw quota("Integrations");
  const integrationId = newId(7);
  const integration = { apiId, integrationId, uri, timeoutInMillis: 30_000, ...change };
  region.state.integrations.put(`${apiId}/${integrationId}`, integration);
  autoDeploy(apiId, region);
  return { status: 201, body: describeIntegration(integration) };
};

export const getIntegration: Operation = (call, region) => ({ status: 200, body: describeIntegration(findIntegration(call, region)) });

export const getIntegrations: Operation = (call, region) => {
  const all = childrenOf(region.state.integrations, findApi(call, region).apiId);
  return pageAnswer(call, all, ({ integrationId }) => integrationId, describeIntegration);
};

export const updateIntegration: Operation = (call, region) => {
  const integration = { ...findIntegration(call, region), ...readChange(gatewayMembers(call.members)) };
  region.state.integrations.put(`${integration.apiId}/${integration.integrationId}`, integration);
  autoDeploy(integration.apiId, region);
  return { status: 200, body: describeIntegration(integration) };
};

export const deleteIntegration: Operation = (call, region) => {
  const { apiId, integrationId } = findIntegration(call, region);
  const users = childrenOf(region.state.routes, apiId).filter((route) => route.integrationId === integrationId);
  if (users.length > 0) {
    throw conflict(
      `Cannot delete Integration because it is referenced by the following Routes with Ids: [${users.map(({ routeId }) => routeId).join(", ")}]`,
    );
  }
  region.state.integrations.remove(`${apiId}/${integrationId}`);
  return { status: 204 };
};
