/** CloudWatch Logs' refusals, in its own words: what was wrong in, the error out; and pages as it gives them. */
import { account, localRegion } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import type { Complaint, Members } from "../members.ts";
import { type Page, pageOf } from "../page.ts";
import type { LogGroupRecord } from "../records.ts";
import type { Region } from "../region.ts";

export const invalidParameter = (message: string): AwsError => new AwsError("InvalidParameterException", 400, message);

export const notFound = (what: "group" | "stream"): AwsError =>
  new AwsError("ResourceNotFoundException", 400, `The specified log ${what} does not exist.`);

export const alreadyExists = (what: "group" | "stream"): AwsError =>
  new AwsError("ResourceAlreadyExistsException", 400, `The specified log ${what} already exists`);

/** A member that breaks the service's schema. */
export const complain: Complaint = (member, value, rule) => {
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return invalidParameter(`1 validation error detected: Value '${shown}' at '${member}' failed to satisfy constraint: ${rule}`);
};

/** With what IAM names it by behind: `:*` for all that is in it. */
export function logGroupArn(name: string): string {
  return `arn:aws:logs:${localRegion}:${account}:log-group:${name}`;
}

export function readGroupName(members: Members): string {
  return members.requiredText("logGroupName", { min: 1, max: 512, pattern: /^[.\-_/#A-Za-z0-9]+$/ });
}

export function readStreamName(members: Members): string {
  return members.requiredText("logStreamName", { min: 1, max: 512, pattern: /^[^:*]+$/ });
}

export function findGroup(name: string, { state }: Region): LogGroupRecord {
  const group = state.logGroups.get(name);
  if (!group) throw notFound("group");
  return group;
}

/** One page by the members `limit` (50 at most) and `nextToken`; ends the members. */
export function readPage<T>(members: Members, list: readonly T[], keyOf: (item: T) => string): Page<T> {
  const limit = members.integer("limit", 1, 50) ?? 50;
  const token = members.text("nextToken", { min: 1 });
  members.end();
  const page = pageOf(list, keyOf, limit, token);
  if (!page) throw invalidParameter("The specified nextToken is invalid.");
  return page;
}
