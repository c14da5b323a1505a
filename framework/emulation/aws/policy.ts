/** Identity policies: decides whether the policies of a role allow an action on a resource. */
import { AwsError } from "./aws-error.ts";

/** Who makes a call with temporary credentials. */
export interface Caller {
  /** `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. */
  readonly arn: string;
  /** The role's inline policies, as JSON. */
  readonly policies: readonly string[];
}

/** `unknown`: it depends on a condition, and conditions are not evaluated. */
export type Decision =
  | { readonly kind: "allowed" | "denied" | "not-allowed" }
  | { readonly kind: "unknown"; readonly condition: string };

/** Deny beats Allow (IAM user guide, "Policy evaluation logic"). */
export function decide(policies: readonly string[], action: string, resource: string): Decision {
  const statements = policies.flatMap(statementsOf).filter((statement) => covers(statement, action, resource));
  const of = (effect: string, isConditional: boolean) =>
    statements.find(({ Effect, Condition }) => Effect === effect && (Condition !== undefined) === isConditional);
  if (of("Deny", false)) return { kind: "denied" };
  const [perhaps] = [of("Deny", true), ...(of("Allow", false) ? [] : [of("Allow", true)])].filter(
    (statement) => statement !== undefined,
  );
  if (perhaps) return { kind: "unknown", condition: conditionKeys(perhaps["Condition"]) };
  return { kind: of("Allow", false) ? "allowed" : "not-allowed" };
}

function conditionKeys(condition: unknown): string {
  const operators = isRecord(condition) ? Object.values(condition).filter(isRecord) : [];
  return operators.flatMap((keys) => Object.keys(keys)).join(", ");
}

/** Throws AccessDeniedException unless the caller's policies allow the action. */
export function authorize({ arn, policies }: Caller, action: string, resource: string): void {
  const decision = decide(policies, action, resource);
  if (decision.kind === "allowed") return;
  const subject = `User: ${arn} is not authorized to perform: ${action} on resource: ${resource}`;
  const reasons = {
    denied: "with an explicit deny in an identity-based policy",
    "not-allowed": `because no identity-based policy allows the ${action} action`,
    unknown:
      "as Portico's local cloud does not evaluate conditions: " +
      (decision.kind === "unknown" ? decision.condition : ""),
  };
  throw new AwsError("AccessDeniedException", 400, `${subject} ${reasons[decision.kind]}`);
}

function covers(
  { Action, NotAction, Resource, NotResource }: Record<string, unknown>,
  action: string,
  resource: string,
): boolean {
  const isAction = NotAction === undefined ? isAny(Action, action, "i") : !isAny(NotAction, action, "i");
  const isResource = NotResource === undefined ? isAny(Resource, resource, "") : !isAny(NotResource, resource, "");
  return isAction && isResource;
}

/** `*` matches any characters, `?` exactly one; actions match in any case. */
function isAny(patterns: unknown, text: string, flags: "i" | ""): boolean {
  return listOf(patterns).some((pattern) => {
    const source = String(pattern)
      .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
      .replaceAll("*", "[^]*")
      .replaceAll("?", "[^]");
    return new RegExp(`^${source}$`, flags).test(text);
  });
}

/** The statements of a policy document; none when the text is not a policy. */
export function statementsOf(document: string): readonly Record<string, unknown>[] {
  let policy: unknown;
  try {
    policy = JSON.parse(document);
  } catch {
    return [];
  }
  return isRecord(policy) ? listOf(policy["Statement"]).filter(isRecord) : [];
}

/** A list of the values, where IAM takes one value or a list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
