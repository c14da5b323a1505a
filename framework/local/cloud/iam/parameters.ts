/** IAM's parameters: form fields in, checked values out, or the error that IAM gives. */
import { AwsError } from "../aws-error.ts";
import { isRecord } from "../members.ts";
import { type Page, pageOf } from "../page.ts";
import type { RoleRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { statementsOf } from "./trust.ts";

export function validation(message: string): AwsError {
  return new AwsError("ValidationError", 400, message);
}

/** Every parameter must be one of `known` (or an entry of its list): what is not honoured is refused. */
export function onlyThese(parameters: URLSearchParams, known: readonly string[]): void {
  const odd = [...parameters.keys()].find((name) => !["Action", "Version", ...known].includes(name.split(".")[0] ?? ""));
  if (odd !== undefined) throw validation(`Portico's local cloud does not speak the parameter ${odd}`);
}

export function name(parameters: URLSearchParams, parameter: "RoleName" | "PolicyName"): string {
  const value = parameters.get(parameter) ?? "";
  const max = parameter === "RoleName" ? 64 : 128;
  const member = parameter === "RoleName" ? "roleName" : "policyName";
  if (!/^[\w+=,.@-]+$/.test(value))
    throw validation(
      `The specified value for ${member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
    );
  if (value.length > max)
    throw validation(
      `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must have length less than or equal to ${max}`,
    );
  return value;
}

export function findRole(parameters: URLSearchParams, region: Region): RoleRecord {
  const role = region.state.roles.get(name(parameters, "RoleName"));
  if (!role) throw new AwsError("NoSuchEntity", 404, `The role with name ${parameters.get("RoleName")} cannot be found.`);
  return role;
}

/** One page by the parameters Marker and MaxItems (100, at most 1000). */
export function iamPage<T>(parameters: URLSearchParams, list: readonly T[], keyOf: (item: T) => string): Page<T> {
  const size = Number(parameters.get("MaxItems") ?? 100);
  if (!Number.isInteger(size) || size < 1 || size > 1000) throw validation("MaxItems must be between 1 and 1000");
  const page = pageOf(list, keyOf, size, parameters.get("Marker"));
  if (!page) throw validation("Invalid Marker.");
  return page;
}

/** A policy document, as given; throws MalformedPolicyDocument. */
export function policyDocument(parameters: URLSearchParams, parameter: string, isTrust: boolean): string {
  const text = parameters.get(parameter) ?? "";
  const statements = statementsOf(text);
  const fault =
    statements.length === 0 ? "Syntax errors in policy." : statements.map((one) => faultOf(one, isTrust)).find((one) => one !== undefined);
  if (fault !== undefined) throw new AwsError("MalformedPolicyDocument", 400, fault);
  return text;
}

function faultOf(statement: Record<string, unknown>, isTrust: boolean): string | undefined {
  const { Effect, Action, NotAction, Resource, NotResource, Principal } = statement;
  if (Effect !== "Allow" && Effect !== "Deny") return "Syntax errors in policy.";
  if (Action === undefined && NotAction === undefined) return "Policy statement must contain actions.";
  if (isTrust && Resource !== undefined) return "Has prohibited field Resource";
  if (isTrust && !isRecord(Principal) && Principal !== "*") return "Missing required field Principal";
  if (!isTrust && Principal !== undefined) return "Policy document should not specify a principal.";
  if (!isTrust && Resource === undefined && NotResource === undefined) return "Policy statement must contain resources.";
  return undefined;
}

/** `Tags.member.1.Key`, `Tags.member.1.Value`, …; at most 50. */
export function tags(parameters: URLSearchParams): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (let at = 1; parameters.has(`Tags.member.${at}.Key`); at += 1) {
    const key = parameters.get(`Tags.member.${at}.Key`) ?? "";
    const value = parameters.get(`Tags.member.${at}.Value`) ?? "";
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value)) {
      throw new AwsError("InvalidInput", 400, `The tag ${key} is not valid.`);
    }
    if (key.toLowerCase().startsWith("aws:")) throw new AwsError("InvalidInput", 400, "Tag keys must not begin with aws:");
    found[key] = value;
  }
  if (Object.keys(found).length > 50) throw new AwsError("LimitExceeded", 409, "A role can have at most 50 tags.");
  return found;
}
