/** Lookup of functions and versions: by the name and qualifier of a call, with the 404 and 409 errors of Lambda. */
import type { Collection } from "../../collection.ts";
import { functionArn } from "../arn.ts";
import type { Uses } from "../backends.ts";
import type { FunctionRecord, FunctionVersion } from "../records.ts";
import type { RestCall } from "../rest-operation.ts";
import { conflict, notFound } from "./errors.ts";
import { type FunctionRef, parseFunctionName } from "./function-name.ts";

/** A function, and the version that the qualifier selects. */
export interface QualifiedFunction {
  readonly record: FunctionRecord;
  readonly version: FunctionVersion;
  readonly qualifier: string | undefined;
}

/** The function that the path and `?Qualifier` name. */
export function refOf(call: RestCall): FunctionRef {
  return parseFunctionName(call.path["FunctionName"] ?? "", call.query.get("Qualifier"));
}

/** The version that a number, `$LATEST` or an alias selects. */
export function versionOf(record: FunctionRecord, qualifier: string | undefined): FunctionVersion | undefined {
  if (qualifier === undefined || qualifier === "$LATEST") return record.latest;
  const number =
    (Object.hasOwn(record.aliases, qualifier) ? record.aliases[qualifier]?.version : undefined) ?? qualifier;
  return number === "$LATEST" ? record.latest : record.versions.find(({ version }) => version === number);
}

/** Throws ResourceNotFoundException. */
export function findFunction(
  { name, qualifier }: FunctionRef,
  functions: Collection<FunctionRecord>,
): QualifiedFunction {
  const record = functions.get(name);
  const version = record && versionOf(record, qualifier);
  if (!record || !version) throw notFound(`Function not found: ${functionArn(name, qualifier)}`);
  return { record, version, qualifier };
}

/** The function, ready for a change: throws ResourceConflictException while it is being created or updated. */
export function findChangeable(
  { name }: FunctionRef,
  { functions, clock }: Uses<"functions" | "clock">,
): FunctionRecord {
  const { record } = findFunction({ name, qualifier: undefined }, functions);
  if (isPending(record.latest, clock.now())) throw pending();
  if (isUpdating(record, clock.now()))
    throw conflict(
      "The operation cannot be performed at this time. An update is in progress for resource: " +
        functionArn(record.name),
    );
  return record;
}

/** The error for a function that is not Active yet. */
export const pending = () =>
  conflict("The operation cannot be performed at this time. The function is currently in the following state: Pending");

export function isPending(version: FunctionVersion, now: number): boolean {
  return now < version.readyAt;
}

export function isUpdating(record: FunctionRecord, now: number): boolean {
  return record.update !== undefined && now < record.update.until;
}

/** The version that serves requests now: while `$LATEST` is being updated, its state before the update. */
export function servingVersion(record: FunctionRecord, version: FunctionVersion, now: number): FunctionVersion {
  return version.version === "$LATEST" && record.update && isUpdating(record, now) ? record.update.serving : version;
}
