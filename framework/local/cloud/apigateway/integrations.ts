/** CreateIntegration, GetIntegration(s), UpdateIntegration and DeleteIntegration: AWS_PROXY to a Lambda function, payload 2.0. */
import type { Members } from "../members.ts";
import type { Operation } from "../operation.ts";
import type { IntegrationRecord } from "../records.ts";
import { autoDeploy } from "./auto-deploy.ts";
import { findApi, findIntegration, newId, pageAnswer } from "./find.ts";
import { type IntegrationChange, readIntegration } from "./integration-members.ts";
import { badRequest, conflict, gatewayMembers, quota } from "./refusals.ts";

/** Of one API (quotas page; it cannot be raised). */
export const maxIntegrations = 300;

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

/** Throws for a type that is not spoken. */
function readChange(members: Members): IntegrationChange {
  const type = members.text("integrationType");
  if (type !== undefined && type !== "AWS_PROXY") throw badRequest(`Portico's local cloud does not speak the integration type ${type}`);
  return readIntegration(members, { uri: "integrationUri", method: "integrationMethod" });
}

export const createIntegration: Operation = (call, region) => {
  const api = findApi(call, region);
  const members = gatewayMembers(call.members);
  members.requiredText("integrationType");
  members.requiredText("payloadFormatVersion");
  const { uri, ...change } = readChange(members);
  if (uri === undefined) throw badRequest("Invalid function ARN or invalid uri");
  if (api.integrations.length >= maxIntegrations) throw quota("Integrations");
  const integration = { integrationId: newId(7), uri, timeoutInMillis: 30_000, ...change };
  region.state.apis.put(api.apiId, { ...api, integrations: [...api.integrations, integration] });
  autoDeploy(api.apiId, region);
  return { status: 201, body: describeIntegration(integration) };
};

export const getIntegration: Operation = (call, region) => ({
  status: 200,
  body: describeIntegration(findIntegration(call, region).integration),
});

export const getIntegrations: Operation = (call, region) =>
  pageAnswer(call, findApi(call, region).integrations, ({ integrationId }) => integrationId, describeIntegration);

export const updateIntegration: Operation = (call, region) => {
  const { api, integration: before } = findIntegration(call, region);
  const integration = { ...before, ...readChange(gatewayMembers(call.members)) };
  region.state.apis.put(api.apiId, { ...api, integrations: api.integrations.map((one) => (one === before ? integration : one)) });
  autoDeploy(api.apiId, region);
  return { status: 200, body: describeIntegration(integration) };
};

export const deleteIntegration: Operation = (call, region) => {
  const { api, integration } = findIntegration(call, region);
  const users = api.routes.filter((route) => route.integrationId === integration.integrationId);
  if (users.length > 0) {
    throw conflict(
      `Cannot delete Integration because it is referenced by the following Routes with Ids: [${users.map(({ routeId }) => routeId).join(", ")}]`,
    );
  }
  region.state.apis.put(api.apiId, { ...api, integrations: api.integrations.filter((one) => one !== integration) });
  return { status: 204 };
};
