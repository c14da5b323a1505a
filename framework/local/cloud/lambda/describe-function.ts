/** A version as Lambda shows it: record in, FunctionConfiguration out. */
import { functionArn } from "../arn.ts";
import type { FunctionRecord, FunctionVersion } from "../records.ts";
import type { Region } from "../region.ts";
import { isPending, isUpdating } from "./find-function.ts";

/** `qualifier` is how it was asked for: a number, an alias, or not at all. What lists show: everything but the states. */
export function listedFunction(record: FunctionRecord, version: FunctionVersion, qualifier: string | undefined): Record<string, unknown> {
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

/** What everything else shows. */
export function describeFunction(
  record: FunctionRecord,
  version: FunctionVersion,
  qualifier: string | undefined,
  region: Region,
): Record<string, unknown> {
  const pending = isPending(version, region);
  const updating = version.version === "$LATEST" && isUpdating(record, region);
  return {
    ...listedFunction(record, version, qualifier),
    State: pending ? "Pending" : "Active",
    ...(pending && { StateReason: "The function is being created.", StateReasonCode: "Creating" }),
    LastUpdateStatus: pending || updating ? "InProgress" : "Successful",
    ...(updating && { LastUpdateStatusReason: "The function is being created.", LastUpdateStatusReasonCode: "Creating" }),
  };
}
