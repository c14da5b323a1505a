/** Lambda's operations by method and path, as the SDK's schema binds them (facts/aws.md section 1.1). */
import type { RouteTable } from "../operation.ts";
import { createFunction } from "./create-function.ts";
import { deleteFunction } from "./delete-function.ts";
import { getFunction, getFunctionConfiguration } from "./get-function.ts";
import { invoke } from "./invoke.ts";
import { listFunctions } from "./list-functions.ts";
import { addPermission, getPolicy, removePermission } from "./policy.ts";
import { listTags, tagResource, untagResource } from "./tags.ts";
import { updateFunctionCode, updateFunctionConfiguration } from "./update-function.ts";
import { listVersionsByFunction, publishVersion } from "./versions.ts";

export const lambdaTable: RouteTable = {
  "POST /2015-03-31/functions": createFunction,
  "GET /2015-03-31/functions": listFunctions,
  "GET /2015-03-31/functions/{FunctionName}": getFunction,
  "DELETE /2015-03-31/functions/{FunctionName}": deleteFunction,
  "GET /2015-03-31/functions/{FunctionName}/configuration": getFunctionConfiguration,
  "PUT /2015-03-31/functions/{FunctionName}/configuration": updateFunctionConfiguration,
  "PUT /2015-03-31/functions/{FunctionName}/code": updateFunctionCode,
  "POST /2015-03-31/functions/{FunctionName}/versions": publishVersion,
  "GET /2015-03-31/functions/{FunctionName}/versions": listVersionsByFunction,
  "POST /2015-03-31/functions/{FunctionName}/policy": addPermission,
  "GET /2015-03-31/functions/{FunctionName}/policy": getPolicy,
  "DELETE /2015-03-31/functions/{FunctionName}/policy/{StatementId}": removePermission,
  "POST /2015-03-31/functions/{FunctionName}/invocations": invoke,
  "POST /2017-03-31/tags/{Resource}": tagResource,
  "GET /2017-03-31/tags/{Resource}": listTags,
  "DELETE /2017-03-31/tags/{Resource}": untagResource,
};
