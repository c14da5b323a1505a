/** The errors of API Gateway, with its own codes and messages, and checks that its operations share. */
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import { type MemberError, StructureReader } from "../../structure-reader.ts";

export function badRequest(message: string): AwsError {
  return new AwsError("BadRequestException", 400, message);
}

export function notFound(kind: "API" | "Deployment" | "Stage", id: string): AwsError {
  return new AwsError("NotFoundException", 404, `Invalid ${kind} identifier specified ${id}`);
}

export function conflict(message: string): AwsError {
  return new AwsError("ConflictException", 409, message);
}

/** An exceeded quota is a ConflictException with status 429. */
export function quota(kind: string): AwsError {
  return new AwsError(
    "ConflictException",
    429,
    `Maximum number of ${kind} for this API has been reached. ` + `Please contact AWS if you need additional ${kind}.`,
  );
}

const memberError: MemberError = (member, value, rule) =>
  badRequest(`Invalid value ${JSON.stringify(value)} for ${member}: ${rule}`);

/** Reads the members of a body; errors are those of API Gateway. */
export function gatewayMembers(source: Readonly<Record<string, unknown>>): StructureReader {
  return new StructureReader(source, memberError);
}

/** At most 50 tags; keys up to 128 characters without the prefix `aws:`, values up to 256. */
export function checkTags(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(tags)) {
    const isValid =
      /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value);
    if (!isValid || key.toLowerCase().startsWith("aws:")) throw badRequest(`Invalid tag ${key}`);
  }
  if (Object.keys(tags).length > 50) throw badRequest("A resource can have at most 50 tags.");
  return tags;
}
