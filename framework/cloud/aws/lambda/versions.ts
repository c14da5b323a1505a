/** Versions of a function: PublishVersion and ListVersionsByFunction. */
import type { RestOperation } from "../rest-operation.ts";
import { describeFunction, listedFunction } from "./function-configuration.ts";
import { findChangeable, findFunction, refOf } from "./function-lookup.ts";
import { lambdaPage } from "./pagination.ts";
import { publish } from "./function-version.ts";
import { checkRevision, invalid, lambdaMembers } from "./errors.ts";

export const publishVersion: RestOperation<"functions" | "clock" | "latency"> = (
  call,
  { functions, clock, latency },
) => {
  const current = findChangeable(refOf(call), { functions: functions, clock: clock });
  const members = lambdaMembers(call.members);
  checkRevision(members.text("RevisionId"), current.latest.revisionId);
  const expected = members.text("CodeSha256");
  const description = members.text("Description", { max: 256 });
  members.end();
  const { codeSha256 } = current.latest;
  if (expected && expected !== codeSha256) {
    throw invalid(
      `CodeSHA256 (${expected}) is different from current CodeSHA256 in $LATEST (${codeSha256}). ` +
        "Please try again with the CodeSHA256 in $LATEST.",
    );
  }
  const { record, version } = publish(current, description, { clock: clock, latency: latency });
  functions.put(record.name, record);
  return { status: 201, body: describeFunction(record, version, version.version, clock.now()) };
};

export const listVersionsByFunction: RestOperation<"functions"> = (call, { functions }) => {
  const { record } = findFunction({ ...refOf(call), qualifier: undefined }, functions);
  const { items, next } = lambdaPage(call, [record.latest, ...record.versions], ({ version }) => version);
  return {
    status: 200,
    body: { Versions: items.map((version) => listedFunction(record, version, version.version)), NextMarker: next },
  };
};
