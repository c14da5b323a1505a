/** Trust policies: decides from a role's AssumeRolePolicyDocument whether a service may assume the role. */
import { listOf, statementsOf } from "../../../emulation/aws/policy.ts";
import { isRecord } from "../../structure-reader.ts";

/** True when an Allow lets `service` call sts:AssumeRole and no Deny forbids it. Conditions are not evaluated. */
export function trustsService(document: string, service: string): boolean {
  const statements = statementsOf(document).filter((statement) => concerns(statement, service));
  return statements.some(({ Effect }) => Effect === "Allow") && !statements.some(({ Effect }) => Effect === "Deny");
}

function concerns(statement: Record<string, unknown>, service: string): boolean {
  const { Principal, Action } = statement;
  const services = isRecord(Principal) ? listOf(Principal["Service"]) : listOf(Principal);
  return (
    (services.includes(service) || services.includes("*")) &&
    listOf(Action).some((action) => /^(sts:AssumeRole|sts:\*|\*)$/.test(String(action)))
  );
}
