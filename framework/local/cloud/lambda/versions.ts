/** PublishVersion and ListVersionsByFunction: a function in, its immutable versions out. */
import type { Operation } from "../operation.ts";
import { describeFunction, listedFunction } from "./describe-function.ts";
import { findChangeable, findFunction, refOf } from "./find-function.ts";
import { lambdaPage } from "./lambda-page.ts";
import { publish } from "./publish.ts";
import { checkRevision, invalid, lambdaMembers } from "./refusals.ts";

export const publishVersion: Operation = (call, region) => {
  const found = findChangeable(refOf(call), region);
  const members = lambdaMembers(call.members);
  checkRevision(members.text("RevisionId"), found.latest.revisionId);
  const expected = members.text("CodeSha256");
  const description = members.text("Description", { max: 256 });
  members.end();
  const current = found.latest.codeSha256;
  if (expected && expected !== current) {
    throw invalid(
      `CodeSHA256 (${expected}) is different from current CodeSHA256 in $LATEST (${current}). Please try again with the CodeSHA256 in $LATEST.`,
    );
  }
  const { record, version } = publish(found, description, region);
  region.state.functions.put(record.name, record);
  return { status: 201, body: describeFunction(record, version, version.version, region) };
};

export const listVersionsByFunction: Operation = (call, region) => {
  const { record } = findFunction({ ...refOf(call), qualifier: undefined }, region);
  const { items, next } = lambdaPage(call, [record.latest, ...record.versions], ({ version }) => version);
  return { status: 200, body: { Versions: items.map((version) => listedFunction(record, version, version.version)), NextMarker: next } };
};
