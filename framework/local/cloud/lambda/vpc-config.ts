/** The network of a function: the member VpcConfig in, checked subnets and security groups out; kept and shown, since there is no network here. */
import { mayRole } from "../iam/may-role.ts";
import type { Members } from "../members.ts";
import type { FunctionVersion } from "../records.ts";
import type { Region } from "../region.ts";
import { invalid, violation } from "./refusals.ts";

/** What Lambda does in the role's name (developer guide, "Giving Lambda functions access to resources in an Amazon VPC"). */
const needed = ["CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface"];

/** Undefined when it was not given; empty lists take the function out of its VPC. */
export function readVpc(members: Members): FunctionVersion["vpc"] {
  const config = members.structure("VpcConfig");
  if (!config) return undefined;
  const subnets = readIds(config, "SubnetIds", /^subnet-[0-9a-z]*$/, 16);
  const groups = readIds(config, "SecurityGroupIds", /^sg-[0-9a-zA-Z]*$/, 5);
  if (config.flag("Ipv6AllowedForDualStack"))
    throw violation("VpcConfig.Ipv6AllowedForDualStack", true, "Portico's local cloud speaks IPv4 only");
  config.end();
  if (subnets.length > 0 !== groups.length > 0) throw invalid("SubnetIds and SecurityIds must coexist or be both empty list.");
  return { subnets, groups };
}

function readIds(config: Members, name: string, form: RegExp, most: number): readonly string[] {
  const ids = config.texts(name) ?? [];
  const odd = ids.find((id) => !form.test(id));
  if (odd !== undefined)
    throw violation(`VpcConfig.${name}`, odd, `Member must satisfy regular expression pattern: ${form.source.slice(1, -1)}`);
  if (ids.length > most) throw violation(`VpcConfig.${name}`, ids, `Member must have length less than or equal to ${most}`);
  return ids;
}

/** Throws when the role lets Lambda make no network interface. */
export function checkVpcRole(vpc: FunctionVersion["vpc"], roleArn: string, { state }: Region): void {
  if (!vpc || vpc.subnets.length === 0) return;
  const role = state.roles.all().find(({ arn }) => arn === roleArn);
  const missing = needed.find((action) => !role || !mayRole(role, `ec2:${action}`, "*"));
  if (missing !== undefined) throw invalid(`The provided execution role does not have permissions to call ${missing} on EC2`);
}
