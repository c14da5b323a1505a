/** GetFunction and GetFunctionConfiguration: a name in, settings, code location and tags out. */
import type { Operation } from "../operation.ts";
import { describeFunction } from "./describe-function.ts";
import { findFunction, refOf } from "./find-function.ts";

export const getFunctionConfiguration: Operation = (call, region) => {
  const { record, version, qualifier } = findFunction(refOf(call), region);
  return { status: 200, body: describeFunction(record, version, qualifier, region) };
};

export const getFunction: Operation = (call, region) => {
  const { record, version, qualifier } = findFunction(refOf(call), region);
  const body = {
    Configuration: describeFunction(record, version, qualifier, region),
    Code: { RepositoryType: "S3", Location: region.codeLocation(version.codeSha256) },
    ...(qualifier === undefined &&
      record.concurrency !== undefined && { Concurrency: { ReservedConcurrentExecutions: record.concurrency } }),
    Tags: Object.keys(record.tags).length > 0 ? record.tags : undefined,
  };
  return { status: 200, body };
};
