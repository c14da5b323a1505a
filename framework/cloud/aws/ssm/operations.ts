/** The operations of SSM Parameter Store, by name. */
import type { JsonApi } from "../json-protocol.ts";
import { memberError } from "./errors.ts";
import { deleteParameters, getParameter, getParameters, getParametersByPath, putParameter } from "./parameters.ts";
import { addTagsToResource } from "./tags.ts";

export const ssmApi: JsonApi<"parameters" | "clock"> = {
  target: "AmazonSSM",
  memberError,
  operations: {
    PutParameter: putParameter,
    GetParameter: getParameter,
    GetParameters: getParameters,
    GetParametersByPath: getParametersByPath,
    DeleteParameters: deleteParameters,
    AddTagsToResource: addTagsToResource,
  },
};
