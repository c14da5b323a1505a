/** API Gateway v2's operations by method and path, as the SDK's schema binds them (facts/aws.md section 3.1). */
import type { RouteTable } from "../operation.ts";
import { createApi, deleteApi, getApi, getApis } from "./apis.ts";
import { createDeployment, deleteDeployment, getDeployment, getDeployments } from "./deployments.ts";
import { createIntegration, deleteIntegration, getIntegration, getIntegrations, updateIntegration } from "./integrations.ts";
import { createRoute, deleteRoute, getRoute, getRoutes, updateRoute } from "./routes.ts";
import { createStage, deleteStage, getStage, getStages, updateStage } from "./stages.ts";
import { getTags, tagResource, untagResource } from "./tags.ts";

export const apiGatewayTable: RouteTable = {
  "POST /v2/apis": createApi,
  "GET /v2/apis": getApis,
  "GET /v2/apis/{ApiId}": getApi,
  "DELETE /v2/apis/{ApiId}": deleteApi,
  "POST /v2/apis/{ApiId}/integrations": createIntegration,
  "GET /v2/apis/{ApiId}/integrations": getIntegrations,
  "GET /v2/apis/{ApiId}/integrations/{IntegrationId}": getIntegration,
  "PATCH /v2/apis/{ApiId}/integrations/{IntegrationId}": updateIntegration,
  "DELETE /v2/apis/{ApiId}/integrations/{IntegrationId}": deleteIntegration,
  "POST /v2/apis/{ApiId}/routes": createRoute,
  "GET /v2/apis/{ApiId}/routes": getRoutes,
  "GET /v2/apis/{ApiId}/routes/{RouteId}": getRoute,
  "PATCH /v2/apis/{ApiId}/routes/{RouteId}": updateRoute,
  "DELETE /v2/apis/{ApiId}/routes/{RouteId}": deleteRoute,
  "POST /v2/apis/{ApiId}/deployments": createDeployment,
  "GET /v2/apis/{ApiId}/deployments": getDeployments,
  "GET /v2/apis/{ApiId}/deployments/{DeploymentId}": getDeployment,
  "DELETE /v2/apis/{ApiId}/deployments/{DeploymentId}": deleteDeployment,
  "POST /v2/apis/{ApiId}/stages": createStage,
  "GET /v2/apis/{ApiId}/stages": getStages,
  "GET /v2/apis/{ApiId}/stages/{StageName}": getStage,
  "PATCH /v2/apis/{ApiId}/stages/{StageName}": updateStage,
  "DELETE /v2/apis/{ApiId}/stages/{StageName}": deleteStage,
  "POST /v2/tags/{ResourceArn}": tagResource,
  "GET /v2/tags/{ResourceArn}": getTags,
  "DELETE /v2/tags/{ResourceArn}": untagResource,
};
