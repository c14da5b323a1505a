/** Decides whether the inline policies of a role allow an action on a resource. */
import { decide } from "../../../emulation/aws/policy.ts";
import type { RoleRecord } from "../records.ts";

/** An Allow with a condition counts as none, and a Deny with one as a Deny, since conditions are not evaluated. */
export const roleAllows = ({ policies }: RoleRecord, action: string, resource: string): boolean =>
  decide(Object.values(policies), action, resource).kind === "allowed";
