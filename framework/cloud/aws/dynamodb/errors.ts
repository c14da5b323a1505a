/** The errors of DynamoDB's control plane, with its own names and texts. */
import { dynamoError, validation } from "../../../emulation/dynamodb/errors.ts";
import type { MemberError } from "../../structure-reader.ts";

/** The error for a member that violates the service's schema. */
export const memberError: MemberError = (member, value, rule) => {
  const place = member.slice(0, 1).toLowerCase() + member.slice(1);
  const shown = value === null ? "null" : `'${typeof value === "string" ? value : JSON.stringify(value)}'`;
  return validation(`1 validation error detected: Value ${shown} at '${place}' failed to satisfy constraint: ${rule}`);
};

export const invalidParameters = (rule: string): Error =>
  validation(`One or more parameter values were invalid: ${rule}`);

export const tableNotFound = (name: string): Error =>
  dynamoError("ResourceNotFoundException", `Requested resource not found: Table: ${name} not found`);

/** @param state `created`, `updated` or `deleted` */
export const tableBusy = (name: string, state: string): Error =>
  dynamoError(
    "ResourceInUseException",
    `Attempt to change a resource which is still in use: Table is being ${state}: ${name}`,
  );
