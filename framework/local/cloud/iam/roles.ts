/** CreateRole, GetRole, ListRoles, UpdateAssumeRolePolicy, DeleteRole and TagRole, and the boundary of a role. */
import { randomBytes } from "node:crypto";
import { account, roleArn } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import type { RoleRecord } from "../records.ts";
import { findRole, iamPage, name, onlyThese, policyDocument, tags, validation } from "./parameters.ts";
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
    PermissionsBoundary: role.boundary && { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: role.boundary },
    Tags: Object.keys(role.tags).length > 0 ? Object.entries(role.tags).map(([Key, Value]) => ({ Key, Value })) : undefined,
  };
}

/** The ARN of a managed policy; whose policy it is cannot be known here. */
function readBoundary(parameters: URLSearchParams): string | undefined {
  const arn = parameters.get("PermissionsBoundary") ?? undefined;
  if (arn !== undefined && !new RegExp(`^arn:aws:iam::(?:aws|${account}):policy/[!-~]{1,512}$`).test(arn))
    throw validation(`ARN ${arn} is not valid.`);
  return arn;
}

function readPath(parameters: URLSearchParams, parameter: "Path" | "PathPrefix"): string {
  const path = parameters.get(parameter) ?? "/";
  if (!/^\/([!-.0-~]+\/)*$/.test(path) || path.length > 512)
    throw validation(
      "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    );
  return path;
}

function readSettings(parameters: URLSearchParams): Pick<RoleRecord, "maxSessionDuration" | "description" | "boundary"> {
  const maxSessionDuration = Number(parameters.get("MaxSessionDuration") ?? 3600);
  if (!Number.isInteger(maxSessionDuration) || maxSessionDuration < 3600 || maxSessionDuration > 43_200) {
    throw validation("The MaxSessionDuration must be between 3600 and 43200 seconds.");
  }
  const description = parameters.get("Description");
  if (description !== null && description.length > 1000)
    throw validation("Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1000");
  const boundary = readBoundary(parameters);
  return { maxSessionDuration, ...(description !== null && { description }), ...(boundary !== undefined && { boundary }) };
}

export const createRole: QueryOperation = (parameters, region) => {
  const known = ["RoleName", "Path", "AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags"];
  onlyThese(parameters, known);
  const roleName = name(parameters, "RoleName");
  const path = readPath(parameters, "Path");
  const trust = policyDocument(parameters, "AssumeRolePolicyDocument", true);
  const settings = readSettings(parameters);
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
    readyAt: region.clock.now() + region.pace.role,
    ...settings,
    tags: roleTags,
    policies: {},
  });
  return { Role: describeRole(role) };
};

export const listRoles: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["PathPrefix", "Marker", "MaxItems"]);
  const prefix = readPath(parameters, "PathPrefix");
  const all = region.state.roles.all().filter(({ path }) => path.startsWith(prefix));
  const { items, next } = iamPage(parameters, all, (role) => role.name);
  // What a list leaves out, GetRole tells.
  const roles = items.map((role) => {
    const { boundary: _, ...listed } = role;
    return describeRole({ ...listed, tags: {} });
  });
  return { Roles: roles, IsTruncated: String(next !== undefined), Marker: next };
};

export const getRole: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName"]);
  return { Role: describeRole(findRole(parameters, region)) };
};

export const updateAssumeRolePolicy: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName", "PolicyDocument"]);
  const role = findRole(parameters, region);
  region.state.roles.put(role.name, {
    ...role,
    trust: policyDocument(parameters, "PolicyDocument", true),
    readyAt: region.clock.now() + region.pace.role,
  });
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

export const untagRole: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName", "TagKeys"]);
  const role = findRole(parameters, region);
  const gone = [...parameters].filter(([parameter]) => parameter.startsWith("TagKeys.member.")).map(([, key]) => key);
  const left = Object.fromEntries(Object.entries(role.tags).filter(([key]) => !gone.includes(key)));
  region.state.roles.put(role.name, { ...role, tags: left });
  return undefined;
};

export const putRolePermissionsBoundary: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName", "PermissionsBoundary"]);
  const role = findRole(parameters, region);
  const boundary = readBoundary(parameters);
  if (boundary === undefined) throw validation("Value null at 'permissionsBoundary' failed to satisfy constraint: Member must not be null");
  region.state.roles.put(role.name, { ...role, boundary });
  return undefined;
};

export const deleteRolePermissionsBoundary: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName"]);
  const { boundary: _, ...role } = findRole(parameters, region);
  region.state.roles.put(role.name, role);
  return undefined;
};
