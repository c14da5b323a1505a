/** Lambda's operations by method and path, as the SDK's schema binds them (facts/aws.md section 1.1). */
import type { RouteTable } from "../operation.ts";
import { createAlias, deleteAlias, getAlias, listAliases, updateAlias } from "./aliases.ts";
import { deleteFunctionConcurrency, getAccountSettings, getFunctionConcurrency, putFunctionConcurrency } from "./concurrency.ts";
import { createFunction } from "./create-function.ts";
import { deleteFunction } from "./delete-function.ts";
import {
  createFunctionUrlConfig,
  deleteFunctionUrlConfig,
  getFunctionUrlConfig,
  listFunctionUrlConfigs,
  updateFunctionUrlConfig,
} from "./function-urls.ts";
import { getFunction, getFunctionConfiguration } from "./get-function.ts";
import { invoke } from "./invoke.ts";
import { invokeWithResponseStream } from "./invoke-stream.ts";
import { listFunctions } from "./list-functions.ts";
import { addPermission, getPolicy, removePermission } from "./policy.ts";
import { listTags, tagResource, untagResource } from "./tags.ts";
import { updateFunctionCode, updateFunctionConfiguration } from "./update-function.ts";
import { listVersionsByFunction, publishVersion } from "./versions.ts";

export const lambdaTable: RouteTable = {
  CreateFunction: ["POST /2015-03-31/functions", createFunction],
  ListFunctions: ["GET /2015-03-31/functions?FunctionVersion&Marker&MaxItems", listFunctions],
  GetFunction: ["GET /2015-03-31/functions/{FunctionName}?Qualifier", getFunction],
  DeleteFunction: ["DELETE /2015-03-31/functions/{FunctionName}?Qualifier", deleteFunction],
  GetFunctionConfiguration: ["GET /2015-03-31/functions/{FunctionName}/configuration?Qualifier", getFunctionConfiguration],
  UpdateFunctionConfiguration: ["PUT /2015-03-31/functions/{FunctionName}/configuration", updateFunctionConfiguration],
  UpdateFunctionCode: ["PUT /2015-03-31/functions/{FunctionName}/code", updateFunctionCode],
  PublishVersion: ["POST /2015-03-31/functions/{FunctionName}/versions", publishVersion],
  ListVersionsByFunction: ["GET /2015-03-31/functions/{FunctionName}/versions?Marker&MaxItems", listVersionsByFunction],
  AddPermission: ["POST /2015-03-31/functions/{FunctionName}/policy?Qualifier", addPermission],
  GetPolicy: ["GET /2015-03-31/functions/{FunctionName}/policy?Qualifier", getPolicy],
  RemovePermission: ["DELETE /2015-03-31/functions/{FunctionName}/policy/{StatementId}?Qualifier&RevisionId", removePermission],
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
  PutFunctionConcurrency: ["PUT /2017-10-31/functions/{FunctionName}/concurrency", putFunctionConcurrency],
  GetFunctionConcurrency: ["GET /2019-09-30/functions/{FunctionName}/concurrency", getFunctionConcurrency],
  DeleteFunctionConcurrency: ["DELETE /2017-10-31/functions/{FunctionName}/concurrency", deleteFunctionConcurrency],
  GetAccountSettings: ["GET /2016-08-19/account-settings", getAccountSettings],
  TagResource: ["POST /2017-03-31/tags/{Resource}", tagResource],
  ListTags: ["GET /2017-03-31/tags/{Resource}", listTags],
  UntagResource: ["DELETE /2017-03-31/tags/{Resource}?tagKeys", untagResource],
};
