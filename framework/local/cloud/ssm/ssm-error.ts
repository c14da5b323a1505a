/** Parameter Store's refusals, in its own words: what was wrong in, the error out. */
import { AwsError } from "../aws-error.ts";
import type { Complaint, Members } from "../members.ts";

export function ssmError(code: string, message: string): AwsError {
  return new AwsError(code, 400, message);
}

export const validation = (message: string): AwsError => ssmError("ValidationException", message);

export const parameterNotFound = (name: string): AwsError => ssmError("ParameterNotFound", `Parameter ${name} not found.`);

/** A member that breaks the service's schema. */
export const complain: Complaint = (member, value, rule) => {
  const name = member.slice(0, 1).toLowerCase() + member.slice(1);
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return validation(`1 validation error detected: Value '${shown}' at '${name}' failed to satisfy constraint: ${rule}`);
};

/** A list of names of at most `max`. */
export function readNames(members: Members, member: string, max: number): readonly string[] {
  const names = members.texts(member);
  if (!names) throw complain(member, null, "Member must not be null");
  if (names.length < 1 || names.length > max) throw complain(member, names, `Member must have length between 1 and ${max}`);
  return names;
}
