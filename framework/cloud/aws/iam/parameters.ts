/** Reads and checks the parameters of IAM's calls. */
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import { isRecord } from "../../structure-reader.ts";
import type { RoleRecord } from "../records.ts";
import type { Collection } from "../../collection.ts";
import { statementsOf } from "../../../emulation/aws/policy.ts";

export function validationError(message: string): AwsError {
  return new AwsError("ValidationError", 400, message);
}

/** Refuses every parameter that is neither one of `known` nor an entry of such a list. */
export function refuseUnknown(parameters: URLSearchParams, known: readonly string[]): void {
  const unknown = [...parameters.keys()].find(
    (name) => !["Action", "Version", ...known].includes(name.split(".")[0] ?? ""),
  );
  if (unknown !== undefined) throw validationError(`Portico's local cloud does not support the parameter ${unknown}`);
}

/** A role's or policy's name. Throws ValidationError. */
export function readName(parameters: URLSearchParams, parameter: "RoleName" | "PolicyName"): string {
  const value = parameters.get(parameter) ?? "";
  const max = parameter === "RoleName" ? 64 : 128;
  const member = parameter === "RoleName" ? "roleName" : "policyName";
  if (!/^[\w+=,.@-]+$/.test(value))
    throw validationError(
      `The specified value for ${member} is invalid. ` +
        "It must contain only alphanumeric characters and/or the following: +=,.@_-",
    );
  if (value.length > max)
    throw validationError(
      `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ` +
        `Member must have length less than or equal to ${max}`,
    );
  return value;
}

/** The role that the parameter RoleName names. Throws NoSuchEntity. */
export function findRole(parameters: URLSearchParams, roles: Collection<RoleRecord>): RoleRecord {
  const role = roles.get(readName(parameters, "RoleName"));
  if (!role)
    throw new AwsError("NoSuchEntity", 404, `The role with name ${parameters.get("RoleName")} cannot be found.`);
  return role;
}

/** The text of a policy document. Throws MalformedPolicyDocument. */
export function readPolicyDocument(parameters: URLSearchParams, parameter: string, isTrust: boolean): string {
  const text = parameters.get(parameter) ?? "";
  const statements = statementsOf(text);
  const error =
    statements.length === 0
      ? "Syntax errors in policy."
      : statements.map((statement) => errorOf(statement, isTrust)).find((text) => text !== undefined);
  if (error !== undefined) throw new AwsError("MalformedPolicyDocument", 400, error);
  return text;
}

function errorOf(statement: Record<string, unknown>, isTrust: boolean): string | undefined {
  const { Effect, Action, NotAction, Resource, NotResource, Principal } = statement;
  if (Effect !== "Allow" && Effect !== "Deny") return "Syntax errors in policy.";
  if (Action === undefined && NotAction === undefined) return "Policy statement must contain actions.";
  if (isTrust && Resource !== undefined) return "Has prohibited field Resource";
  if (isTrust && !isRecord(Principal) && Principal !== "*") return "Missing required field Principal";
  if (!isTrust && Principal !== undefined) return "Policy document should not specify a principal.";
  if (!isTrust && Resource === undefined && NotResource === undefined)
    return "Policy statement must contain resources.";
  return undefined;
}

/** `Tags.member.1.Key`, `Tags.member.1.Value`, …; at most 50. */
export function readTags(parameters: URLSearchParams): Readonly<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (let index = 1; parameters.has(`Tags.member.${index}.Key`); index += 1) {
    const key = parameters.get(`Tags.member.${index}.Key`) ?? "";
    const value = parameters.get(`Tags.member.${index}.Value`) ?? "";
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value)) {
      throw new AwsError("InvalidInput", 400, `The tag ${key} is not valid.`);
    }
    if (key.toLowerCase().startsWith("aws:"))
      throw new AwsError("InvalidInput", 400, "Tag keys must not begin with aws:");
    tags[key] = value;
  }
  if (Object.keys(tags).length > 50) throw new AwsError("LimitExceeded", 409, "A role can have at most 50 tags.");
  return tags;
}
