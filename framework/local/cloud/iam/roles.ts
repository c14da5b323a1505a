/** CreateRole, GetRole, UpdateAssumeRolePolicy, DeleteRole and TagRole. */
import { randomBytes } from "node:crypto";
import { roleArn } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import type { RoleRecord } from "../records.ts";
import { findRole, name, onlyThese, policyDocument, tags, validation } from "./parameters.ts";
import type { QueryOperation, Xml } from "./query.ts";

function describeRole(role: RoleRecord): Xml {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: role.created,
    AssumeRolePolicyDocument: encodeURIComponent(role.trust),
    Description: role.description,
    MaxSessionDuration: role.maxSessionDuration,
    Tags: Object.keys(role.tags).length > 0 ? Object.entries(role.tags).map(([Key, Value]) => ({ Key, Value })) : undefined,
  };
}

export const createRole: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName", "Path", "AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "Tags"]);
  const roleName = name(parameters, "RoleName");
  const path = parameters.get("Path") ?? "/";
  if (!/^\/([!-.0-~]+\/)*$/.test(path))
    throw validation(
      "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    );
  const trust = policyDocument(parameters, "AssumeRolePolicyDocument", true);
  const maxSessionDuration = Number(parameters.get("MaxSessionDuration") ?? 3600);
  if (!Number.isInteger(maxSessionDuration) || maxSessionDuration < 3600 || maxSessionDuration > 43_200) {
    throw validation("The MaxSessionDuration must be between 3600 and 43200 seconds.");
  }
  const description = parameters.get("Description");
  if (description !== null && description.length > 1000)
    throw validation("Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1000");
  const roleTags = tags(parameters);
  // IAM's names are one whatever their case.
  if (region.state.roles.all().some((role) => role.name.toLowerCase() === roleName.toLowerCase())) {
    throw new AwsError("EntityAlreadyExists", 409, `Role with name ${roleName} already exists.`);
  }
  const role = region.state.roles.put(roleName, {
    name: roleName,
    id: `AROA${randomBytes(9).toString("hex").slice(0, 17).toUpperCase()}`,
    path,
    arn: roleArn(path, roleName),
    created: `${new Date(region.clock.now()).toISOString().slice(0, 19)}Z`,
    trust,
    ...(description !== null && { description }),
    maxSessionDuration,
    tags: roleTags,
    policies: {},
  });
  return { Role: describeRole(role) };
};

export const getRole: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName"]);
  return { Role: describeRole(findRole(parameters, region)) };
};

export const updateAssumeRolePolicy: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName", "PolicyDocument"]);
  const role = findRole(parameters, region);
  region.state.roles.put(role.name, { ...role, trust: policyDocument(parameters, "PolicyDocument", true) });
  return undefined;
};

export const deleteRole: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName"]);
  const role = findRole(parameters, region);
  if (Object.keys(role.policies).length > 0) throw new AwsError("DeleteConflict", 409, "Cannot delete entity, must delete policies first.");
  region.state.roles.remove(role.name);
  return undefined;
};

export const tagRole: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName", "Tags"]);
  const role = findRole(parameters, region);
  const all = { ...role.tags, ...tags(parameters) };
  if (Object.keys(all).length > 50) throw new AwsError("LimitExceeded", 409, "A role can have at most 50 tags.");
  region.state.roles.put(role.name, { ...role, tags: all });
  return undefined;
};
