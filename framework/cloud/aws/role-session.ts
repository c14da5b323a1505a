/** Who makes a call with a function's credentials: its role's policies, by which the call is judged. */
import { AwsError } from "../../emulation/aws/aws-error.ts";
import type { Caller } from "../../emulation/aws/policy.ts";
import { assumedRoleArn, type RoleSession } from "../../emulation/aws/session-credentials.ts";
import type { Collection } from "../collection.ts";
import { account } from "./arn.ts";
import type { RoleRecord } from "./records.ts";

/** Throws UnrecognizedClientException when the role is gone. */
export function callerOf(session: RoleSession, roles: Collection<RoleRecord>): Caller {
  const role = roles.get(session.role);
  if (!role)
    throw new AwsError("UnrecognizedClientException", 400, "The security token included in the request is invalid.");
  return { arn: assumedRoleArn(account, session), policies: Object.values(role.policies) };
}
