/** The errors of EventBridge Scheduler (API reference, "Common errors", and the errors of each action). */
import type { HttpResponse } from "../../../model/http-message.ts";
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import { type MemberError, StructureReader } from "../../structure-reader.ts";
import { restError } from "../rest-protocol.ts";

export const invalid = (message: string): AwsError => new AwsError("ValidationException", 400, message);

/** The error for a member that violates the service's schema. */
export const violation: MemberError = (member, value, rule) => {
  const place = member.slice(0, 1).toLowerCase() + member.slice(1);
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return invalid(`1 validation error detected: Value '${shown}' at '${place}' failed to satisfy constraint: ${rule}`);
};

/** Reads the members of a body. */
export const schedulerMembers = (source: Readonly<Record<string, unknown>>): StructureReader =>
  new StructureReader(source, violation);

/** @param what `Schedule`, `Schedule group` */
export const notFound = (what: string, name: string): AwsError =>
  new AwsError("ResourceNotFoundException", 404, `${what} ${name} does not exist.`);

export const exists = (what: string, name: string): AwsError =>
  new AwsError("ConflictException", 409, `${what} ${name} already exists.`);

/** Its errors have the member `Message`. */
export function schedulerError(error: AwsError): HttpResponse {
  const response = restError(error);
  return { ...response, body: Buffer.from(JSON.stringify({ Message: error.message })) };
}
