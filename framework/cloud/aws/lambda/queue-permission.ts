/** What the role of a function must allow for an event source mapping of a queue. */
import type { Collection } from "../../collection.ts";
import { roleAllows } from "../iam/role-permission.ts";
import type { RoleRecord } from "../records.ts";

/** Developer guide, "Using Lambda with Amazon SQS", "Configuring execution role permissions". */
const requiredActions = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"];

/** The first of the actions that the role does not allow. */
export function missingQueueAction(
  roleArn: string,
  queueArn: string,
  roles: Collection<RoleRecord>,
): string | undefined {
  const role = roles.all().find(({ arn }) => arn === roleArn);
  return requiredActions.find((action) => !role || !roleAllows(role, `sqs:${action}`, queueArn));
}
