/**
 * Reads and checks the VPC settings of a function (the member VpcConfig). They have no effect besides their place in
 * responses: the local cloud has no network.
 */
import type { Collection } from "../../collection.ts";
import { roleAllows } from "../iam/role-permission.ts";
import type { StructureReader } from "../../structure-reader.ts";
import type { FunctionVersion, RoleRecord } from "../records.ts";
import { invalid, violation } from "./errors.ts";

/** EC2 actions that the role must allow (developer guide, "Giving Lambda functions access to resources in a VPC"). */
const requiredActions = ["CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface"];

/** Undefined when the call has no VpcConfig; empty lists remove the function from its VPC. */
export function readVpc(members: StructureReader): FunctionVersion["vpc"] {
  const config = members.structure("VpcConfig");
  if (!config) return undefined;
  const subnets = readIds(config, "SubnetIds", /^subnet-[0-9a-z]*$/, 16);
  const groups = readIds(config, "SecurityGroupIds", /^sg-[0-9a-zA-Z]*$/, 5);
  if (config.flag("Ipv6AllowedForDualStack"))
    throw violation("VpcConfig.Ipv6AllowedForDualStack", true, "Portico's local cloud supports IPv4 only");
  config.end();
  if (subnets.length > 0 !== groups.length > 0)
    throw invalid("SubnetIds and SecurityIds must coexist or be both empty list.");
  return { subnets, groups };
}

function readIds(config: StructureReader, name: string, pattern: RegExp, max: number): readonly string[] {
  const ids = config.texts(name) ?? [];
  const invalidId = ids.find((id) => !pattern.test(id));
  if (invalidId !== undefined)
    throw violation(
      `VpcConfig.${name}`,
      invalidId,
      `Member must satisfy regular expression pattern: ${pattern.source.slice(1, -1)}`,
    );
  if (ids.length > max)
    throw violation(`VpcConfig.${name}`, ids, `Member must have length less than or equal to ${max}`);
  return ids;
}

/** Throws when the role does not allow Lambda to manage network interfaces. */
export function checkVpcRole(vpc: FunctionVersion["vpc"], roleArn: string, roles: Collection<RoleRecord>): void {
  if (!vpc || vpc.subnets.length === 0) return;
  const role = roles.all().find(({ arn }) => arn === roleArn);
  const missing = requiredActions.find((action) => !role || !roleAllows(role, `ec2:${action}`, "*"));
  if (missing !== undefined)
    throw invalid(`The provided execution role does not have permissions to call ${missing} on EC2`);
}
