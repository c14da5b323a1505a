/** PutRolePolicy, GetRolePolicy, DeleteRolePolicy and ListRolePolicies: a role's inline policies; of attached ones there are none. */
import { AwsError } from "../aws-error.ts";
import { findRole, iamPage, name, onlyThese, policyDocument } from "./parameters.ts";
import type { QueryOperation } from "./query.ts";

/** Characters of all inline policies of a role together, white space aside (IAM quotas page). */
const maxPolicies = 10_240;

export const putRolePolicy: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName", "PolicyName", "PolicyDocument"]);
  const role = findRole(parameters, region);
  const policies = { ...role.policies, [name(parameters, "PolicyName")]: policyDocument(parameters, "PolicyDocument", false) };
  if (Object.values(policies).join("").replace(/\s/g, "").length > maxPolicies) {
    throw new AwsError("LimitExceeded", 409, `Maximum policy size of ${maxPolicies} bytes exceeded for role ${role.name}`);
  }
  region.state.roles.put(role.name, { ...role, policies });
  return undefined;
};

export const getRolePolicy: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName", "PolicyName"]);
  const role = findRole(parameters, region);
  const policyName = name(parameters, "PolicyName");
  const document = Object.hasOwn(role.policies, policyName) ? role.policies[policyName] : undefined;
  if (document === undefined) throw missing(policyName);
  return { RoleName: role.name, PolicyName: policyName, PolicyDocument: encodeURIComponent(document) };
};

export const deleteRolePolicy: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName", "PolicyName"]);
  const role = findRole(parameters, region);
  const policyName = name(parameters, "PolicyName");
  if (!Object.hasOwn(role.policies, policyName)) throw missing(policyName);
  const { [policyName]: _, ...policies } = role.policies;
  region.state.roles.put(role.name, { ...role, policies });
  return undefined;
};

function missing(policyName: string): AwsError {
  return new AwsError("NoSuchEntity", 404, `The role policy with name ${policyName} cannot be found.`);
}

export const listRolePolicies: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName", "Marker", "MaxItems"]);
  const names = Object.keys(findRole(parameters, region).policies).toSorted();
  const { items, next } = iamPage(parameters, names, (one) => one);
  return { PolicyNames: items, IsTruncated: String(next !== undefined), Marker: next };
};

/** Managed policies are not spoken, so none is ever attached. */
export const listAttachedRolePolicies: QueryOperation = (parameters, region) => {
  onlyThese(parameters, ["RoleName", "PathPrefix", "Marker", "MaxItems"]);
  findRole(parameters, region);
  return { AttachedPolicies: [], IsTruncated: "false" };
};
