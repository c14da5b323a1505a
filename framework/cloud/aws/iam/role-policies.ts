/** The inline policies of a role: PutRolePolicy, GetRolePolicy and DeleteRolePolicy. */
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import { findRole, readName, refuseUnknown, readPolicyDocument } from "./parameters.ts";
import type { QueryOperation } from "./query-protocol.ts";

/** Characters of all inline policies of a role together, without white space (IAM quotas page). */
const maxPolicies = 10_240;

export const putRolePolicy: QueryOperation<"roles"> = (parameters, { roles }) => {
  refuseUnknown(parameters, ["RoleName", "PolicyName", "PolicyDocument"]);
  const role = findRole(parameters, roles);
  const policies = {
    ...role.policies,
    [readName(parameters, "PolicyName")]: readPolicyDocument(parameters, "PolicyDocument", false),
  };
  if (Object.values(policies).join("").replace(/\s/g, "").length > maxPolicies) {
    throw new AwsError(
      "LimitExceeded",
      409,
      `Maximum policy size of ${maxPolicies} bytes exceeded for role ${role.name}`,
    );
  }
  roles.put(role.name, { ...role, policies });
  return undefined;
};

export const getRolePolicy: QueryOperation<"roles"> = (parameters, { roles }) => {
  refuseUnknown(parameters, ["RoleName", "PolicyName"]);
  const role = findRole(parameters, roles);
  const policyName = readName(parameters, "PolicyName");
  const document = Object.hasOwn(role.policies, policyName) ? role.policies[policyName] : undefined;
  if (document === undefined) throw missing(policyName);
  return { RoleName: role.name, PolicyName: policyName, PolicyDocument: encodeURIComponent(document) };
};

export const deleteRolePolicy: QueryOperation<"roles"> = (parameters, { roles }) => {
  refuseUnknown(parameters, ["RoleName", "PolicyName"]);
  const role = findRole(parameters, roles);
  const policyName = readName(parameters, "PolicyName");
  if (!Object.hasOwn(role.policies, policyName)) throw missing(policyName);
  const { [policyName]: _, ...policies } = role.policies;
  roles.put(role.name, { ...role, policies });
  return undefined;
};

function missing(policyName: string): AwsError {
  return new AwsError("NoSuchEntity", 404, `The role policy with name ${policyName} cannot be found.`);
}
