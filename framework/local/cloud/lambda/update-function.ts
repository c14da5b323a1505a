/** UpdateFunctionCode and UpdateFunctionConfiguration: what changes in, the new `$LATEST` out; the old one serves until the update is done. */
import { randomUUID } from "node:crypto";
import type { Call, Operation } from "../operation.ts";
import type { FunctionRecord, FunctionVersion } from "../records.ts";
import type { Region } from "../region.ts";
import { describeFunction } from "./describe-function.ts";
import { findChangeable, refOf } from "./find-function.ts";
import { readArchitecture, readCode } from "./function-code.ts";
import { readSettings } from "./function-settings.ts";
import { publish, timestamp } from "./publish.ts";
import { checkRevision, invalid, lambdaMembers } from "./refusals.ts";
import { checkVpcRole } from "./vpc-config.ts";

function changeable(call: Call, region: Region): FunctionRecord {
  const ref = refOf(call);
  if (ref.qualifier !== undefined && ref.qualifier !== "$LATEST") throw invalid("Versions are immutable: only $LATEST can be updated.");
  return findChangeable(ref, region);
}

function update(record: FunctionRecord, change: Partial<FunctionVersion>, region: Region): FunctionRecord {
  const latest = { ...record.latest, ...change, revisionId: randomUUID(), lastModified: timestamp(region) };
  const { update: _, ...rest } = record;
  return {
    ...rest,
    latest,
    ...(region.pace.function > 0 && { update: { until: region.clock.now() + region.pace.function, serving: record.latest } }),
  };
}

export const updateFunctionCode: Operation = (call, region) => {
  const record = changeable(call, region);
  const members = lambdaMembers(call.members);
  checkRevision(members.text("RevisionId"), record.latest.revisionId);
  const isDryRun = members.flag("DryRun") ?? false;
  const isPublished = members.flag("Publish") ?? false;
  const architecture = readArchitecture(members);
  const code = readCode(members, region);
  members.end();
  const changed = update(record, { ...code, ...(architecture !== undefined && { architecture }) }, region);
  if (isDryRun)
    return { status: 200, body: describeFunction(record, { ...changed.latest, revisionId: record.latest.revisionId }, undefined, region) };
  const { record: next, version } = isPublished ? publish(changed, undefined, region) : { record: changed, version: changed.latest };
  region.state.functions.put(next.name, next);
  return { status: 200, body: describeFunction(next, version, isPublished ? version.version : undefined, region) };
};

export const updateFunctionConfiguration: Operation = (call, region) => {
  const record = changeable(call, region);
  const members = lambdaMembers(call.members);
  checkRevision(members.text("RevisionId"), record.latest.revisionId);
  const settings = readSettings(members, record.name, region);
  members.end();
  checkVpcRole(settings.vpc, settings.role ?? record.latest.role, region);
  const next = region.state.functions.put(record.name, update(record, settings, region));
  return { status: 200, body: describeFunction(next, next.latest, undefined, region) };
};
