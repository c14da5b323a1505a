/** Trust policies: a role's AssumeRolePolicyDocument and a service in, whether that service may assume the role out. */
import { isRecord } from "../members.ts";

/** True when an Allow statement lets `service` call sts:AssumeRole and no Deny forbids it. Conditions are not read. */
export function trusts(document: string, service: string): boolean {
  const statements = statementsOf(document).filter((one) => concerns(one, service));
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

/** The statements of a policy document; none when it is not one. */
export function statementsOf(document: string): readonly Record<string, unknown>[] {
  let policy: unknown;
  try {
    policy = JSON.parse(document);
  } catch {
    return [];
  }
  return isRecord(policy) ? listOf(policy["Statement"]).filter(isRecord) : [];
}

/** One or many, as IAM writes both. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}
