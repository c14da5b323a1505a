/** The errors of Lambda, with its own codes and messages (Lambda API reference, "Errors" of each operation). */
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import { type MemberError, StructureReader } from "../../structure-reader.ts";

/** The error for a member that violates the service's schema. */
export const violation: MemberError = (member, value, rule) => {
  const name = member.slice(0, 1).toLowerCase() + member.slice(1);
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return new AwsError(
    "ValidationException",
    400,
    `1 validation error detected: Value '${shown}' at '${name}' failed to satisfy constraint: ${rule}`,
  );
};

/** Reads the members of a body; errors are those of Lambda. */
export function lambdaMembers(source: Readonly<Record<string, unknown>>): StructureReader {
  return new StructureReader(source, violation);
}

export function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", 400, message);
}

export function notFound(message: string): AwsError {
  return new AwsError("ResourceNotFoundException", 404, message);
}

export function conflict(message: string): AwsError {
  return new AwsError("ResourceConflictException", 409, message);
}

/** Throws PreconditionFailedException when a RevisionId is not the current one. */
export function checkRevision(revisionId: string | undefined | null, current: string | undefined): void {
  if (revisionId && revisionId !== current) {
    const text =
      "The Revision Id provided does not match the latest Revision Id. " +
      "Call the GetFunction/GetAlias API to retrieve the latest Revision Id";
    throw new AwsError("PreconditionFailedException", 412, text);
  }
}
