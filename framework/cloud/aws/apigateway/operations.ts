/** The operations of API Gateway v2 with their methods and paths, from the SDK's schema. */
import type { RestOperation, RestOperations } from "../rest-operation.ts";
import { createApi, deleteApi, getApi, getApis } from "./apis.ts";
import { createDeployment, deleteDeployment, getDeployment, getDeployments } from "./deployments.ts";
import { exportApi } from "./openapi-export.ts";
import { reimportApi } from "./openapi-import.ts";
import { getIntegrations } from "./integrations.ts";
import { conflict } from "./errors.ts";
import { getRoutes } from "./routes.ts";
import { createStage, deleteStage, getStage, getStages, updateStage } from "./stages.ts";

/** The collections and backends of API Gateway. */
type ApiGatewayUseName = "apis" | "deployments" | "stages" | "listeners" | "clock" | "latency" | "changingApis";

const operations: RestOperations<ApiGatewayUseName> = {
  CreateApi: ["POST /v2/apis", createApi],
  GetApis: ["GET /v2/apis?maxResults&nextToken", getApis],
  GetApi: ["GET /v2/apis/{ApiId}", getApi],
  ReimportApi: ["PUT /v2/apis/{ApiId}?basepath&failOnWarnings", reimportApi],
  ExportApi: [
    "GET /v2/apis/{ApiId}/exports/{Specification}?exportVersion&includeExtensions&outputType&stageName",
    exportApi,
  ],
  DeleteApi: ["DELETE /v2/apis/{ApiId}", deleteApi],
  GetIntegrations: ["GET /v2/apis/{ApiId}/integrations?maxResults&nextToken", getIntegrations],
  GetRoutes: ["GET /v2/apis/{ApiId}/routes?maxResults&nextToken", getRoutes],
  CreateDeployment: ["POST /v2/apis/{ApiId}/deployments", createDeployment],
  GetDeployments: ["GET /v2/apis/{ApiId}/deployments?maxResults&nextToken", getDeployments],
  GetDeployment: ["GET /v2/apis/{ApiId}/deployments/{DeploymentId}", getDeployment],
  DeleteDeployment: ["DELETE /v2/apis/{ApiId}/deployments/{DeploymentId}", deleteDeployment],
  CreateStage: ["POST /v2/apis/{ApiId}/stages", createStage],
  GetStages: ["GET /v2/apis/{ApiId}/stages?maxResults&nextToken", getStages],
  GetStage: ["GET /v2/apis/{ApiId}/stages/{StageName}", getStage],
  UpdateStage: ["PATCH /v2/apis/{ApiId}/stages/{StageName}", updateStage],
  DeleteStage: ["DELETE /v2/apis/{ApiId}/stages/{StageName}", deleteStage],
};

/** Refuses a call that changes an API while another call does. Calls without latency never overlap. */
function exclusive(operation: RestOperation<ApiGatewayUseName>): RestOperation<ApiGatewayUseName> {
  return async (call, uses) => {
    const { ApiId = "" } = call.path;
    const { changingApis, clock, latency } = uses;
    if (latency.write === 0) return operation(call, uses);
    if (changingApis.has(ApiId))
      throw conflict("Unable to complete operation due to concurrent modification. Please try again later.");
    changingApis.add(ApiId);
    try {
      const response = await operation(call, uses);
      await clock.sleep(latency.write);
      return response;
    } finally {
      changingApis.delete(ApiId);
    }
  };
}

export const apiGatewayOperations: RestOperations<ApiGatewayUseName> = Object.fromEntries(
  Object.entries(operations).map(([name, [binding, operation]]) => [
    name,
    [binding, /^(?!GET).*\{ApiId\}/.test(binding) ? exclusive(operation) : operation],
  ]),
);
