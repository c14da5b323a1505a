/** SSM Parameter Store's operations, by name. */
import type { JsonService } from "../json-protocol.ts";
import { deleteParameter, deleteParameters } from "./delete-parameters.ts";
import { describeParameters } from "./describe-parameters.ts";
import { putParameter } from "./put-parameter.ts";
import { getParameter, getParameterHistory, getParameters, getParametersByPath } from "./read-parameters.ts";
import { complain } from "./ssm-error.ts";
import { addTagsToResource, listTagsForResource, removeTagsFromResource } from "./ssm-tags.ts";

export const ssmService: JsonService = {
  target: "AmazonSSM",
  complain,
  operations: {
    PutParameter: putParameter,
    GetParameter: getParameter,
    GetParameters: getParameters,
    GetParametersByPath: getParametersByPath,
    GetParameterHistory: getParameterHistory,
    DeleteParameter: deleteParameter,
    DeleteParameters: deleteParameters,
    DescribeParameters: describeParameters,
    AddTagsToResource: addTagsToResource,
    RemoveTagsFromResource: removeTagsFromResource,
    ListTagsForResource: listTagsForResource,
  },
};
