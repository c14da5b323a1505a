/** The errors of SSM Parameter Store, with its own codes and messages. */
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import type { MemberError, StructureReader } from "../../structure-reader.ts";

export function ssmError(code: string, message: string): AwsError {
  return new AwsError(code, 400, message);
}

export const validation = (message: string): AwsError => ssmError("ValidationException", message);

export const parameterNotFound = (name: string): AwsError =>
  ssmError("ParameterNotFound", `Parameter ${name} not found.`);

/** The error for a member that violates the service's schema. */
export const memberError: MemberError = (member, value, rule) => {
  const name = member.slice(0, 1).toLowerCase() + member.slice(1);
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return validation(`1 validation error detected: Value '${shown}' at '${name}' failed to satisfy constraint: ${rule}`);
};

/** A list of 1 to `max` names. */
export function readNames(members: StructureReader, member: string, max: number): readonly string[] {
  const names = members.texts(member);
  if (!names) throw memberError(member, null, "Member must not be null");
  if (names.length < 1 || names.length > max)
    throw memberError(member, names, `Member must have length between 1 and ${max}`);
  return names;
}
