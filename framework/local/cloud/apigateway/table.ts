/** API Gateway v2's operations by method and path, as the SDK's schema binds them (facts/aws.md section 3.1). */
import type { Operation, RouteTable } from "../operation.ts";
import { createApi, deleteApi, getApi, getApis, updateApi } from "./apis.ts";
import { createDeployment, deleteDeployment, getDeployment, getDeployments } from "./deployments.ts";
import { exportApi } from "./export-api.ts";
import { importApi, reimportApi } from "./import-api.ts";
import { createIntegration, deleteIntegration, getIntegration, getIntegrations, updateIntegration } from "./integrations.ts";
import { conflict } from "./refusals.ts";
import { createRoute, deleteRoute, getRoute, getRoutes, updateRoute } from "./routes.ts";
import { createStage, deleteStage, getStage, getStages, updateStage } from "./stages.ts";
import { getTags, tagResource, untagResource } from "./tags.ts";

const operations: RouteTable = {
  CreateApi: ["POST /v2/apis", createApi],
  GetApis: ["GET /v2/apis?maxResults&nextToken", getApis],
  GetApi: ["GET /v2/apis/{ApiId}", getApi],
  ImportApi: ["PUT /v2/apis?basepath&failOnWarnings", importApi],
  ReimportApi: ["PUT /v2/apis/{ApiId}?basepath&failOnWarnings", reimportApi],
  ExportApi: ["GET /v2/apis/{ApiId}/exports/{Specification}?exportVersion&includeExtensions&outputType&stageName", exportApi],
  UpdateApi: ["PATCH /v2/apis/{ApiId}", updateApi],
  DeleteApi: ["DELETE /v2/apis/{ApiId}", deleteApi],
  CreateIntegration: ["POST /v2/apis/{ApiId}/integrations", createIntegration],
  GetIntegrations: ["GET /v2/apis/{ApiId}/integrations?maxResults&nextToken", getIntegrations],
  GetIntegration: ["GET /v2/apis/{ApiId}/integrations/{IntegrationId}", getIntegration],
  UpdateIntegration: ["PATCH /v2/apis/{ApiId}/integrations/{IntegrationId}", updateIntegration],
  DeleteIntegration: ["DELETE /v2/apis/{ApiId}/integrations/{IntegrationId}", deleteIntegration],
  CreateRoute: ["POST /v2/apis/{ApiId}/routes", createRoute],
  GetRoutes: ["GET /v2/apis/{ApiId}/routes?maxResults&nextToken", getRoutes],
  GetRoute: ["GET /v2/apis/{ApiId}/routes/{RouteId}", getRoute],
  UpdateRoute: ["PATCH /v2/apis/{ApiId}/routes/{RouteId}", updateRoute],
  DeleteRoute: ["DELETE /v2/apis/{ApiId}/routes/{RouteId}", deleteRoute],
  CreateDeployment: ["POST /v2/apis/{ApiId}/deployments", createDeployment],
  GetDeployments: ["GET /v2/apis/{ApiId}/deployments?maxResults&nextToken", getDeployments],
  GetDeployment: ["GET /v2/apis/{ApiId}/deployments/{DeploymentId}", getDeployment],
  DeleteDeployment: ["DELETE /v2/apis/{ApiId}/deployments/{DeploymentId}", deleteDeployment],
  CreateStage: ["POST /v2/apis/{ApiId}/stages", createStage],
  GetStages: ["GET /v2/apis/{ApiId}/stages?maxResults&nextToken", getStages],
  GetStage: ["GET /v2/apis/{ApiId}/stages/{StageName}", getStage],
  UpdateStage: ["PATCH /v2/apis/{ApiId}/stages/{StageName}", updateStage],
  DeleteStage: ["DELETE /v2/apis/{ApiId}/stages/{StageName}", deleteStage],
  TagResource: ["POST /v2/tags/{ResourceArn}", tagResource],
  GetTags: ["GET /v2/tags/{ResourceArn}", getTags],
  UntagResource: ["DELETE /v2/tags/{ResourceArn}?tagKeys", untagResource],
};

/** While one call changes an API, another that would is refused; calls that take no time never meet. */
function changing(operation: Operation): Operation {
  return async (call, region) => {
    const { ApiId = "" } = call.path;
    if (region.pace.write === 0) return operation(call, region);
    if (region.changing.has(ApiId)) throw conflict("Unable to complete operation due to concurrent modification. Please try again later.");
    region.changing.add(ApiId);
    try {
      const answer = await operation(call, region);
      await region.clock.sleep(region.pace.write);
      return answer;
    } finally {
      region.changing.delete(ApiId);
    }
  };
}

export const apiGatewayTable: RouteTable = Object.fromEntries(
  Object.entries(operations).map(([name, [binding, operation]]) => [
    name,
    [binding, /^(?!GET).*\{ApiId\}/.test(binding) ? changing(operation) : operation],
  ]),
);
