/** API Gateway's refusals, in its own words: what was wrong in, the error out. */
import { AwsError } from "../aws-error.ts";
import { type Complaint, Members } from "../members.ts";

export function badRequest(message: string): AwsError {
  return new AwsError("BadRequestException", 400, message);
}

export function notFound(kind: "API" | "Integration" | "Route" | "Deployment" | "Stage", id: string): AwsError {
  return new AwsError("NotFoundException", 404, `Invalid ${kind} identifier specified ${id}`);
}

export function conflict(message: string): AwsError {
  return new AwsError("ConflictException", 409, message);
}

/** A quota is a ConflictException with HTTP 429 (SST issue 4522 shows both). */
export function quota(kind: string): AwsError {
  return new AwsError(
    "ConflictException",
    429,
    `Maximum number of ${kind} for this API has been reached. Please contact AWS if you need additional ${kind}.`,
  );
}

const complain: Complaint = (member, value, rule) => badRequest(`Invalid value ${JSON.stringify(value)} for ${member}: ${rule}`);

/** The members of a body, checked as API Gateway does. */
export function gatewayMembers(source: Readonly<Record<string, unknown>>): Members {
  return new Members(source, complain);
}

/** At most 50, keys to 128 characters, values to 256, none that AWS keeps for itself. */
export function checkTags(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(tags)) {
    const isFine = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value);
    if (!isFine || key.toLowerCase().startsWith("aws:")) throw badRequest(`Invalid tag ${key}`);
  }
  if (Object.keys(tags).length > 50) throw badRequest("A resource can have at most 50 tags.");
  return tags;
}
