/** The operations of IAM and STS, by name. */
import { account } from "../arn.ts";
import { refuseUnknown } from "./parameters.ts";
import type { QueryApi } from "./query-protocol.ts";
import { deleteRolePolicy, getRolePolicy, putRolePolicy } from "./role-policies.ts";
import {
  createRole,
  deleteRole,
  deleteRolePermissionsBoundary,
  getRole,
  listRoles,
  putRolePermissionsBoundary,
  updateAssumeRolePolicy,
} from "./roles.ts";

export const iamApi: QueryApi<"roles" | "clock" | "latency"> = {
  version: "2010-05-08",
  namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
  operations: {
    CreateRole: createRole,
    GetRole: getRole,
    ListRoles: listRoles,
    UpdateAssumeRolePolicy: updateAssumeRolePolicy,
    DeleteRole: deleteRole,
    PutRolePermissionsBoundary: putRolePermissionsBoundary,
    DeleteRolePermissionsBoundary: deleteRolePermissionsBoundary,
    PutRolePolicy: putRolePolicy,
    GetRolePolicy: getRolePolicy,
    DeleteRolePolicy: deleteRolePolicy,
  },
};

export const stsApi: QueryApi<never> = {
  version: "2011-06-15",
  namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
  operations: {
    GetCallerIdentity: (parameters) => {
      refuseUnknown(parameters, []);
      return { Arn: `arn:aws:iam::${account}:root`, UserId: account, Account: account };
    },
  },
};
