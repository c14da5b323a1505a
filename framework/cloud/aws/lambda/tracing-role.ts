/** Checks that the role of a function with active tracing may send to X-Ray, which nothing here receives. */
import type { Collection } from "../../collection.ts";
import { roleAllows } from "../iam/role-permission.ts";
import type { RoleRecord } from "../records.ts";
import { invalid } from "./errors.ts";

/** As Lambda answers (github.com/serverless/serverless, issue 6931). */
export function checkTracingRole(mode: string | undefined, roleArn: string, roles: Collection<RoleRecord>): void {
  if (mode !== "Active") return;
  const role = roles.all().find(({ arn }) => arn === roleArn);
  if (!role || !roleAllows(role, "xray:PutTraceSegments", "*"))
    throw invalid("The provided execution role does not have permissions to call PutTraceSegments on XRAY");
}
