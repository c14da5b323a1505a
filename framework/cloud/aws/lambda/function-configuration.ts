/** The FunctionConfiguration structure, in which Lambda's responses show a version of a function. */
import { functionArn } from "../arn.ts";
import type { FunctionRecord, FunctionVersion } from "../records.ts";
import { isPending, isUpdating } from "./function-lookup.ts";

/** As lists show it: without its state. `qualifier` is the one of the call: a number, an alias, or none. */
export function listedFunction(
  record: FunctionRecord,
  version: FunctionVersion,
  qualifier: string | undefined,
): Record<string, unknown> {
  return {
    FunctionName: record.name,
    FunctionArn: functionArn(record.name, qualifier),
    Runtime: version.runtime,
    Role: version.role,
    Handler: version.handler,
    CodeSize: version.codeSize,
    Description: version.description,
    Timeout: version.timeout,
    MemorySize: version.memorySize,
    LastModified: version.lastModified,
    CodeSha256: version.codeSha256,
    Version: version.version,
    Environment: version.environment && { Variables: version.environment },
    TracingConfig: { Mode: version.tracing },
    RevisionId: version.revisionId,
    PackageType: "Zip",
    Architectures: [version.architecture],
    EphemeralStorage: { Size: version.ephemeralStorage },
    SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
    LoggingConfig: version.logging,
    VpcConfig: version.vpc && {
      SubnetIds: version.vpc.subnets,
      SecurityGroupIds: version.vpc.groups,
      VpcId: version.vpc.subnets.length > 0 ? "vpc-portico" : "",
      Ipv6AllowedForDualStack: false,
    },
  };
}

/** As all other responses show it: with its state. */
export function describeFunction(
  record: FunctionRecord,
  version: FunctionVersion,
  qualifier: string | undefined,
  now: number,
): Record<string, unknown> {
  const isCreating = isPending(version, now);
  const isUpdated = version.version === "$LATEST" && isUpdating(record, now);
  return {
    ...listedFunction(record, version, qualifier),
    State: isCreating ? "Pending" : "Active",
    ...(isCreating && { StateReason: "The function is being created.", StateReasonCode: "Creating" }),
    LastUpdateStatus: isCreating || isUpdated ? "InProgress" : "Successful",
    ...(isUpdated && {
      LastUpdateStatusReason: "The function is being created.",
      LastUpdateStatusReasonCode: "Creating",
    }),
  };
}
