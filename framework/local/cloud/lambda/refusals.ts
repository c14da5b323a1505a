/** Lambda's refusals, in its own words (facts/aws.md section 1.3): what was wrong in, the error out. */
import { AwsError } from "../aws-error.ts";
import { type Complaint, Members } from "../members.ts";

/** A member that breaks the service's schema. */
export const violation: Complaint = (member, value, rule) => {
  const name = member.slice(0, 1).toLowerCase() + member.slice(1);
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return new AwsError(
    "ValidationException",
    400,
    `1 validation error detected: Value '${shown}' at '${name}' failed to satisfy constraint: ${rule}`,
  );
};

/** The members of a body, checked as Lambda does. */
export function lambdaMembers(source: Readonly<Record<string, unknown>>): Members {
  return new Members(source, violation);
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

/** A RevisionId that is not the current one. */
export function checkRevision(given: string | undefined | null, current: string | undefined): void {
  if (given && given !== current) {
    const text =
      "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id";
    throw new AwsError("PreconditionFailedException", 412, text);
  }
}
