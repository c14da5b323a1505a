/** What a stage has and needs beside its functions and its front: roles, table, bucket, jobs, log group. */
import type { DeployedPart, Owner } from "../parts.ts";
import type { Deployed } from "../platform.ts";
import type { ReleaseRecord } from "../record.ts";
import { type BucketState, filesParts } from "./files-bucket.ts";
import { deployedJobs, type FoundJobs, type JobNeeds, takenJobs } from "./jobs.ts";
import { filesBucketName, type Place, stageName } from "./names.ts";
import type { NeededRole } from "./role.ts";
import { type FoundRoles, rolesAsParts, takenRoles } from "./stage-roles.ts";
import { tableParts } from "./stage-table.ts";
import type { FoundTable, TableSettings } from "./table.ts";

/** What a release needs beside its functions. */
export interface StageNeeds {
  /** That Portico makes; none where hosting.json names one. */
  readonly roles: readonly NeededRole[];
  /** Of the store; undefined for an app without one. */
  readonly table: TableSettings | undefined;
  /** Whether a function imports portico/files. */
  readonly files: boolean;
  /** Undefined for an app that neither has jobs nor sends any. */
  readonly jobs: JobNeeds | undefined;
}

/** What was found of them. */
export interface FoundResources {
  readonly roles: FoundRoles;
  readonly table: FoundTable | undefined;
  readonly files: BucketState | undefined;
  readonly jobs: FoundJobs | undefined;
}

/** As parts of the present state. @param needed of the next release; absent without a build */
export function resourceParts(
  { owner, place }: { readonly owner: Owner; readonly place: Place },
  { roles, table, files, jobs, logs }: FoundResources & { readonly logs: DeployedPart | undefined },
  live: ReleaseRecord | undefined,
  needed: StageNeeds | undefined,
): readonly DeployedPart[] {
  return [
    ...rolesAsParts(roles, live, needed !== undefined),
    ...tableParts(owner, table, live, needed),
    ...filesParts(owner, place, files, live, needed),
    ...deployedJobs(owner, place, jobs),
    ...(logs ? [logs] : []),
  ];
}

/** Others' resources of our names. */
export const takenResources = (
  { owner, place }: { readonly owner: Owner; readonly place: Place },
  { roles, table, files, jobs }: FoundResources,
): Deployed["taken"] => [
  ...takenRoles(roles),
  ...(table?.owner === "taken" ? [{ kind: "table" as const, name: stageName(owner) }] : []),
  ...(files === "taken" ? [{ kind: "bucket" as const, name: filesBucketName(owner, place) }] : []),
  ...takenJobs(owner, jobs),
];
