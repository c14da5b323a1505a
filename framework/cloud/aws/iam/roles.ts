/** IAM roles: CreateRole, GetRole, UpdateAssumeRolePolicy, DeleteRole and the calls that set a permissions boundary. */
import { randomBytes } from "node:crypto";
import { account, roleArn } from "../arn.ts";
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import type { RoleRecord } from "../records.ts";
import { findRole, readName, refuseUnknown, readPolicyDocument, readTags, validationError } from "./parameters.ts";
import type { QueryOperation, Xml } from "./query-protocol.ts";

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
    Tags:
      Object.keys(role.tags).length > 0 ? Object.entries(role.tags).map(([Key, Value]) => ({ Key, Value })) : undefined,
  };
}

/** The ARN of a managed policy; managed policies themselves do not exist here. */
function readBoundary(parameters: URLSearchParams): string | undefined {
  const arn = parameters.get("PermissionsBoundary") ?? undefined;
  if (arn !== undefined && !new RegExp(`^arn:aws:iam::(?:aws|${account}):policy/[!-~]{1,512}$`).test(arn))
    throw validationError(`ARN ${arn} is not valid.`);
  return arn;
}

function readPath(parameters: URLSearchParams): string {
  const path = parameters.get("Path") ?? "/";
  if (!/^\/([!-.0-~]+\/)*$/.test(path) || path.length > 512)
    throw validationError(
      "The specified value for path is invalid. It must begin and end with / " +
        "and contain only alphanumeric characters and/or / characters.",
    );
  return path;
}

function readSettings(
  parameters: URLSearchParams,
): Pick<RoleRecord, "maxSessionDuration" | "description" | "boundary"> {
  const maxSessionDuration = Number(parameters.get("MaxSessionDuration") ?? 3600);
  if (!Number.isInteger(maxSessionDuration) || maxSessionDuration < 3600 || maxSessionDuration > 43_200) {
    throw validationError("The MaxSessionDuration must be between 3600 and 43200 seconds.");
  }
  const description = parameters.get("Description");
  if (description !== null && description.length > 1000)
    throw validationError(
      "Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1000",
    );
  const boundary = readBoundary(parameters);
  return {
    maxSessionDuration,
    ...(description !== null && { description }),
    ...(boundary !== undefined && { boundary }),
  };
}

export const createRole: QueryOperation<"roles" | "clock" | "latency"> = (parameters, { roles, clock, latency }) => {
  const known = [
    "RoleName",
    "Path",
    "AssumeRolePolicyDocument",
    "Description",
    "MaxSessionDuration",
    "PermissionsBoundary",
    "Tags",
  ];
  refuseUnknown(parameters, known);
  const roleName = readName(parameters, "RoleName");
  const path = readPath(parameters);
  const trust = readPolicyDocument(parameters, "AssumeRolePolicyDocument", true);
  const settings = readSettings(parameters);
  const roleTags = readTags(parameters);
  // Names that differ only in case are the same name for IAM.
  if (roles.all().some((role) => role.name.toLowerCase() === roleName.toLowerCase())) {
    throw new AwsError("EntityAlreadyExists", 409, `Role with name ${roleName} already exists.`);
  }
  const role = roles.put(roleName, {
    name: roleName,
    id: `AROA${randomBytes(9).toString("hex").slice(0, 17).toUpperCase()}`,
    path,
    arn: roleArn(path, roleName),
    created: `${new Date(clock.now()).toISOString().slice(0, 19)}Z`,
    trust,
    readyAt: clock.now() + latency.role,
    ...settings,
    tags: roleTags,
    policies: {},
  });
  return { Role: describeRole(role) };
};

export const getRole: QueryOperation<"roles"> = (parameters, { roles }) => {
  refuseUnknown(parameters, ["RoleName"]);
  return { Role: describeRole(findRole(parameters, roles)) };
};

/** Without tags and boundary: "this operation does not return the following attributes" (API reference, ListRoles). */
export const listRoles: QueryOperation<"roles"> = (parameters, { roles }) => {
  refuseUnknown(parameters, ["PathPrefix", "Marker", "MaxItems"]);
  const prefix = parameters.get("PathPrefix") ?? "/";
  if (!/^\/[!-~]{0,511}$/.test(prefix)) throw validationError("The specified value for pathPrefix is invalid.");
  const most = Number(parameters.get("MaxItems") ?? 100);
  if (!Number.isInteger(most) || most < 1 || most > 1000)
    throw validationError("Value at 'maxItems' failed to satisfy constraint: a whole number from 1 to 1000");
  const marker = parameters.get("Marker");
  const found = roles.all().filter(({ path, name }) => path.startsWith(prefix) && (marker === null || name > marker));
  const page = found.toSorted((one, other) => (one.name < other.name ? -1 : 1)).slice(0, most);
  return {
    Roles: page.map(({ boundary: _boundary, ...role }) => describeRole({ ...role, tags: {} })),
    IsTruncated: String(page.length < found.length),
    ...(page.length < found.length && { Marker: page.at(-1)?.name }),
  };
};

export const updateAssumeRolePolicy: QueryOperation<"roles" | "clock" | "latency"> = (
  parameters,
  { roles, clock, latency },
) => {
  refuseUnknown(parameters, ["RoleName", "PolicyDocument"]);
  const role = findRole(parameters, roles);
  roles.put(role.name, {
    ...role,
    trust: readPolicyDocument(parameters, "PolicyDocument", true),
    readyAt: clock.now() + latency.role,
  });
  return undefined;
};

export const deleteRole: QueryOperation<"roles"> = (parameters, { roles }) => {
  refuseUnknown(parameters, ["RoleName"]);
  const role = findRole(parameters, roles);
  if (Object.keys(role.policies).length > 0)
    throw new AwsError("DeleteConflict", 409, "Cannot delete entity, must delete policies first.");
  roles.remove(role.name);
  return undefined;
};

export const putRolePermissionsBoundary: QueryOperation<"roles"> = (parameters, { roles }) => {
  refuseUnknown(parameters, ["RoleName", "PermissionsBoundary"]);
  const role = findRole(parameters, roles);
  const boundary = readBoundary(parameters);
  if (boundary === undefined)
    throw validationError("Value null at 'permissionsBoundary' failed to satisfy constraint: Member must not be null");
  roles.put(role.name, { ...role, boundary });
  return undefined;
};

export const deleteRolePermissionsBoundary: QueryOperation<"roles"> = (parameters, { roles }) => {
  refuseUnknown(parameters, ["RoleName"]);
  const { boundary: _, ...role } = findRole(parameters, roles);
  roles.put(role.name, role);
  return undefined;
};
