/** The operations of Lambda with their methods and paths, from the SDK's schema. */
import type { RestOperations } from "../rest-operation.ts";
import { getAccountSettings } from "./account-settings.ts";
import { createAlias, deleteAlias, getAlias, listAliases, updateAlias } from "./aliases.ts";
import {
  createEventSourceMapping,
  deleteEventSourceMapping,
  getEventSourceMapping,
  listEventSourceMappings,
  updateEventSourceMapping,
} from "./event-source-mappings.ts";
import {
  createFunctionUrlConfig,
  deleteFunctionUrlConfig,
  getFunctionUrlConfig,
  listFunctionUrlConfigs,
  updateFunctionUrlConfig,
} from "./function-urls.ts";
import {
  createFunction,
  deleteFunction,
  getFunction,
  getFunctionConfiguration,
  listFunctions,
  updateFunctionCode,
  updateFunctionConfiguration,
} from "./functions.ts";
import { invoke } from "./invocation.ts";
import { invokeWithResponseStream } from "./invocation-stream.ts";
import { addPermission, getPolicy, removePermission } from "./resource-policy.ts";
import { listTags } from "./tags.ts";
import { listVersionsByFunction, publishVersion } from "./versions.ts";

/** The collections and backends of Lambda. */
type LambdaUseName =
  | "functions"
  | "mappings"
  | "queuePlane"
  | "pollMapping"
  | "roles"
  | "code"
  | "runtime"
  | "events"
  | "loadFunction"
  | "codeUrl"
  | "grantDelay"
  | "listeners"
  | "clock"
  | "latency";

export const lambdaOperations: RestOperations<LambdaUseName> = {
  CreateFunction: ["POST /2015-03-31/functions", createFunction],
  ListFunctions: ["GET /2015-03-31/functions?FunctionVersion&Marker&MaxItems", listFunctions],
  GetFunction: ["GET /2015-03-31/functions/{FunctionName}?Qualifier", getFunction],
  DeleteFunction: ["DELETE /2015-03-31/functions/{FunctionName}?Qualifier", deleteFunction],
  GetFunctionConfiguration: [
    "GET /2015-03-31/functions/{FunctionName}/configuration?Qualifier",
    getFunctionConfiguration,
  ],
  UpdateFunctionConfiguration: ["PUT /2015-03-31/functions/{FunctionName}/configuration", updateFunctionConfiguration],
  UpdateFunctionCode: ["PUT /2015-03-31/functions/{FunctionName}/code", updateFunctionCode],
  PublishVersion: ["POST /2015-03-31/functions/{FunctionName}/versions", publishVersion],
  ListVersionsByFunction: ["GET /2015-03-31/functions/{FunctionName}/versions?Marker&MaxItems", listVersionsByFunction],
  AddPermission: ["POST /2015-03-31/functions/{FunctionName}/policy?Qualifier", addPermission],
  GetPolicy: ["GET /2015-03-31/functions/{FunctionName}/policy?Qualifier", getPolicy],
  RemovePermission: [
    "DELETE /2015-03-31/functions/{FunctionName}/policy/{StatementId}?Qualifier&RevisionId",
    removePermission,
  ],
  Invoke: ["POST /2015-03-31/functions/{FunctionName}/invocations?Qualifier", invoke],
  InvokeWithResponseStream: [
    "POST /2021-11-15/functions/{FunctionName}/response-streaming-invocations?Qualifier",
    invokeWithResponseStream,
  ],
  CreateAlias: ["POST /2015-03-31/functions/{FunctionName}/aliases", createAlias],
  ListAliases: ["GET /2015-03-31/functions/{FunctionName}/aliases?FunctionVersion&Marker&MaxItems", listAliases],
  GetAlias: ["GET /2015-03-31/functions/{FunctionName}/aliases/{Name}", getAlias],
  UpdateAlias: ["PUT /2015-03-31/functions/{FunctionName}/aliases/{Name}", updateAlias],
  DeleteAlias: ["DELETE /2015-03-31/functions/{FunctionName}/aliases/{Name}", deleteAlias],
  CreateFunctionUrlConfig: ["POST /2021-10-31/functions/{FunctionName}/url?Qualifier", createFunctionUrlConfig],
  GetFunctionUrlConfig: ["GET /2021-10-31/functions/{FunctionName}/url?Qualifier", getFunctionUrlConfig],
  UpdateFunctionUrlConfig: ["PUT /2021-10-31/functions/{FunctionName}/url?Qualifier", updateFunctionUrlConfig],
  DeleteFunctionUrlConfig: ["DELETE /2021-10-31/functions/{FunctionName}/url?Qualifier", deleteFunctionUrlConfig],
  ListFunctionUrlConfigs: ["GET /2021-10-31/functions/{FunctionName}/urls?Marker&MaxItems", listFunctionUrlConfigs],
  CreateEventSourceMapping: ["POST /2015-03-31/event-source-mappings", createEventSourceMapping],
  ListEventSourceMappings: [
    "GET /2015-03-31/event-source-mappings?EventSourceArn&FunctionName&Marker&MaxItems",
    listEventSourceMappings,
  ],
  GetEventSourceMapping: ["GET /2015-03-31/event-source-mappings/{UUID}", getEventSourceMapping],
  UpdateEventSourceMapping: ["PUT /2015-03-31/event-source-mappings/{UUID}", updateEventSourceMapping],
  DeleteEventSourceMapping: ["DELETE /2015-03-31/event-source-mappings/{UUID}", deleteEventSourceMapping],
  GetAccountSettings: ["GET /2016-08-19/account-settings", getAccountSettings],
  ListTags: ["GET /2017-03-31/tags/{Resource}", listTags],
};
