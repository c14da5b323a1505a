/** The two services that speak the Query protocol: IAM and, of STS, who the caller is. */
import { account } from "../arn.ts";
import { onlyThese } from "./parameters.ts";
import type { QueryService } from "./query.ts";
import { deleteRolePolicy, getRolePolicy, listAttachedRolePolicies, listRolePolicies, putRolePolicy } from "./role-policies.ts";
import {
  createRole,
  deleteRole,
  deleteRolePermissionsBoundary,
  getRole,
  listRoles,
  putRolePermissionsBoundary,
  tagRole,
  untagRole,
  updateAssumeRolePolicy,
} from "./roles.ts";

export const iamService: QueryService = {
  version: "2010-05-08",
  namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
  operations: {
    CreateRole: createRole,
    GetRole: getRole,
    ListRoles: listRoles,
    UpdateAssumeRolePolicy: updateAssumeRolePolicy,
    DeleteRole: deleteRole,
    TagRole: tagRole,
    UntagRole: untagRole,
    PutRolePermissionsBoundary: putRolePermissionsBoundary,
    DeleteRolePermissionsBoundary: deleteRolePermissionsBoundary,
    PutRolePolicy: putRolePolicy,
    GetRolePolicy: getRolePolicy,
    DeleteRolePolicy: deleteRolePolicy,
    ListRolePolicies: listRolePolicies,
    ListAttachedRolePolicies: listAttachedRolePolicies,
  },
};

export const stsService: QueryService = {
  version: "2011-06-15",
  namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
  operations: {
    GetCallerIdentity: (parameters) => {
      onlyThese(parameters, []);
      return { Arn: `arn:aws:iam::${account}:root`, UserId: account, Account: account };
    },
  },
};
