/** Looks functions up: a call's name and qualifier in, the record and the version that is meant out, or Lambda's 404. */
import { functionArn } from "../arn.ts";
import type { Call } from "../operation.ts";
import type { FunctionRecord, FunctionVersion } from "../records.ts";
import type { Region } from "../region.ts";
import { type FunctionRef, parseFunctionName } from "./function-name.ts";
import { conflict, notFound } from "./refusals.ts";

/** A function and the version of it that was asked for. */
export interface Found {
  readonly record: FunctionRecord;
  readonly version: FunctionVersion;
  readonly qualifier: string | undefined;
}

/** What the path and `?Qualifier` name. */
export function refOf(call: Call): FunctionRef {
  return parseFunctionName(call.path["FunctionName"] ?? "", call.query.get("Qualifier"));
}

/** The version that a number, `$LATEST` or an alias means. */
export function versionOf(record: FunctionRecord, qualifier: string | undefined): FunctionVersion | undefined {
  if (qualifier === undefined || qualifier === "$LATEST") return record.latest;
  const number = (Object.hasOwn(record.aliases, qualifier) ? record.aliases[qualifier]?.version : undefined) ?? qualifier;
  return number === "$LATEST" ? record.latest : record.versions.find(({ version }) => version === number);
}

export function findFunction({ name, qualifier }: FunctionRef, region: Region): Found {
  const record = region.state.functions.get(name);
  const version = record && versionOf(record, qualifier);
  if (!record || !version) throw notFound(`Function not found: ${functionArn(name, qualifier)}`);
  return { record, version, qualifier };
}

/** The function, ready to be changed: 409 while it is being created or updated. */
export function findChangeable(ref: FunctionRef, region: Region): FunctionRecord {
  const { record } = findFunction({ name: ref.name, qualifier: undefined }, region);
  const arn = functionArn(record.name);
  if (isPending(record.latest, region)) {
    throw conflict(`The operation cannot be performed at this time. The function is currently in the following state: Pending`);
  }
  if (isUpdating(record, region))
    throw conflict(`The operation cannot be performed at this time. An update is in progress for resource: ${arn}`);
  return record;
}

export function isPending(version: FunctionVersion, region: Region): boolean {
  return region.clock.now() < version.readyAt;
}

export function isUpdating(record: FunctionRecord, region: Region): boolean {
  return record.update !== undefined && region.clock.now() < record.update.until;
}
