/** ExportApi: writes an API, or the deployment of one of its stages, as an OpenAPI 3.0 document with extensions. */
import type { RestOperation } from "../rest-operation.ts";
import type { Uses } from "../backends.ts";
import type { ApiRecord, FrozenRoute } from "../records.ts";
import { findApi } from "./resources.ts";
import { badRequest, notFound } from "./errors.ts";

const anyMethod = "x-amazon-apigateway-any-method";
const integrationKey = "x-amazon-apigateway-integration";

/** JSON with extensions only; other formats are refused. */
export const exportApi: RestOperation<"apis" | "stages" | "deployments"> = (call, { apis, stages, deployments }) => {
  const api = findApi(call, apis);
  if (call.path["Specification"] !== "OAS30")
    throw badRequest("Invalid specification specified. Must be one of [OAS30]");
  const outputType = call.query.get("outputType");
  if (outputType !== "JSON") throw badRequest(`Portico's local cloud exports JSON, not ${outputType}`);
  if (call.query.get("includeExtensions") === "false")
    throw badRequest("Portico's local cloud exports with extensions only");
  const version = call.query.get("exportVersion") ?? "1.0";
  if (version !== "1.0") throw badRequest(`Invalid export version specified: ${version}`);
  const stageName = call.query.get("stageName");
  const routes = stageName === null ? workingRoutes(api) : deployedRoutes(api, stageName, { stages, deployments });
  const document = {
    openapi: "3.0.1",
    info: { title: api.name, version: api.version ?? api.created },
    ...describe(api, routes),
  };
  return { status: 200, body: Buffer.from(JSON.stringify(document)) };
};

function deployedRoutes(
  { apiId }: ApiRecord,
  stageName: string,
  { stages, deployments }: Uses<"stages" | "deployments">,
): readonly FrozenRoute[] {
  const stage = stages.get(`${apiId}/${stageName}`);
  if (!stage) throw notFound("Stage", stageName);
  const deployment = deployments.get(`${apiId}/${stage.deploymentId ?? ""}`);
  if (!deployment) throw notFound("Deployment", stage.deploymentId ?? "");
  return deployment.routes;
}

function workingRoutes({ routes, integrations }: ApiRecord): readonly FrozenRoute[] {
  const byId = new Map(integrations.map((integration) => [integration.integrationId, integration]));
  return routes.map(({ routeKey, integrationId }) => {
    const integration = integrationId === undefined ? undefined : byId.get(integrationId);
    return { routeKey, ...(integration && { integration }) };
  });
}

/** Each route contains its integration, as in documents of the service. */
function describe({ tags }: ApiRecord, routes: readonly FrozenRoute[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { routeKey, integration } of routes) {
    // A path may contain spaces.
    const [, verb = "", path = ""] =
      routeKey === "$default" ? ["", "ANY", "/$default"] : (/^(\S+) (.*)$/s.exec(routeKey) ?? []);
    const method = verb === "ANY" ? anyMethod : verb.toLowerCase();
    paths[path] = {
      ...paths[path],
      [method]: { ...operationOf(routeKey), ...(integration && { [integrationKey]: integrationOf(integration) }) },
    };
  }
  const named = Object.entries(tags).map(([name, value]) => ({ name, "x-amazon-apigateway-tag-value": value }));
  return { ...(named.length > 0 && { tags: named }), paths, "x-amazon-apigateway-importexport-version": "1.0" };
}

function operationOf(routeKey: string): Record<string, unknown> {
  const parameters = [...routeKey.matchAll(/\{([^{}+]+)\+?\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  return {
    responses: { default: { description: `Default response for ${routeKey}` } },
    ...(parameters.length > 0 && { parameters }),
    ...(routeKey === "$default" && { isDefaultRoute: true }),
  };
}

const integrationOf = ({ uri, timeoutInMillis }: NonNullable<FrozenRoute["integration"]>): Record<string, unknown> => ({
  payloadFormatVersion: "2.0",
  type: "aws_proxy",
  httpMethod: "POST",
  uri,
  connectionType: "INTERNET",
  timeoutInMillis,
});
