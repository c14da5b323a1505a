/** The errors of CloudWatch Logs, with its own messages, and the input members that its operations share. */
import type { Collection } from "../../collection.ts";
import { account, localRegion } from "../arn.ts";
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import type { MemberError, StructureReader } from "../../structure-reader.ts";
import { type Page, pageOf } from "../pagination.ts";
import type { LogGroupRecord } from "../records.ts";

export const invalidParameter = (message: string): AwsError => new AwsError("InvalidParameterException", 400, message);

export const notFound = (kind: "group" | "stream"): AwsError =>
  new AwsError("ResourceNotFoundException", 400, `The specified log ${kind} does not exist.`);

export const alreadyExists = (kind: "group" | "stream"): AwsError =>
  new AwsError("ResourceAlreadyExistsException", 400, `The specified log ${kind} already exists`);

/** The error for a member that violates the service's schema. */
export const memberError: MemberError = (member, value, rule) => {
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return invalidParameter(
    `1 validation error detected: Value '${shown}' at '${member}' failed to satisfy constraint: ${rule}`,
  );
};

/** The ARN of a group. In IAM policies `:*` follows, for the streams of the group. */
export function logGroupArn(name: string): string {
  return `arn:aws:logs:${localRegion}:${account}:log-group:${name}`;
}

export function readGroupName(members: StructureReader): string {
  return members.requiredText("logGroupName", { min: 1, max: 512, pattern: /^[.\-_/#A-Za-z0-9]+$/ });
}

export function readStreamName(members: StructureReader): string {
  return members.requiredText("logStreamName", { min: 1, max: 512, pattern: /^[^:*]+$/ });
}

/** Throws ResourceNotFoundException. */
export function findGroup(name: string, logGroups: Collection<LogGroupRecord>): LogGroupRecord {
  const group = logGroups.get(name);
  if (!group) throw notFound("group");
  return group;
}

/** The page that the members `limit` (at most 50) and `nextToken` ask for. No other member may follow. */
export function readPage<T>(members: StructureReader, list: readonly T[], keyOf: (item: T) => string): Page<T> {
  const limit = members.integer("limit", 1, 50) ?? 50;
  const token = members.text("nextToken", { min: 1 });
  members.end();
  const page = pageOf(list, keyOf, limit, token);
  if (!page) throw invalidParameter("The specified nextToken is invalid.");
  return page;
}
