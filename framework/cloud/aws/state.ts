/** The persisted state of the local AWS account: one collection of records for each kind of resource. */
import { join } from "node:path";
import { Collection } from "../collection.ts";
import type {
  ApiRecord,
  BucketRecord,
  DeploymentRecord,
  FunctionRecord,
  LogGroupRecord,
  MappingRecord,
  ParameterRecord,
  QueueRecord,
  RoleRecord,
  StageRecord,
  TableRecord,
} from "./records.ts";
import type { ScheduleGroupRecord, ScheduleRecord } from "./scheduler/schedule-records.ts";

/** Everything that survives a restart. What belongs to an API or a schedule group has the id `PARENT/CHILD`. */
export interface AwsState {
  readonly functions: Collection<FunctionRecord>;
  readonly mappings: Collection<MappingRecord>;
  readonly roles: Collection<RoleRecord>;
  readonly apis: Collection<ApiRecord>;
  readonly deployments: Collection<DeploymentRecord>;
  readonly stages: Collection<StageRecord>;
  readonly buckets: Collection<BucketRecord>;
  readonly parameters: Collection<ParameterRecord>;
  readonly logGroups: Collection<LogGroupRecord>;
  readonly tables: Collection<TableRecord>;
  readonly queues: Collection<QueueRecord>;
  readonly scheduleGroups: Collection<ScheduleGroupRecord>;
  readonly schedules: Collection<ScheduleRecord>;
}

/**
 * Reads the state below `folder`, or starts an empty one. Removes what belongs to an API or a schedule group that is
 * gone: a kill in the middle of a deletion leaves it behind.
 */
export function openState(folder: string): AwsState {
  const open = <T>(name: string): Collection<T> => new Collection<T>(join(folder, "state", name));
  const state: AwsState = {
    functions: open("functions"),
    mappings: open("event-source-mappings"),
    roles: open("roles"),
    apis: open("apis"),
    deployments: open("deployments"),
    stages: open("stages"),
    buckets: open("buckets"),
    parameters: open("parameters"),
    logGroups: open("log-groups"),
    tables: open("tables"),
    queues: open("queues"),
    scheduleGroups: open("schedule-groups"),
    schedules: open("schedules"),
  };
  const { apis, scheduleGroups } = state;
  for (const [parents, children] of [
    [apis, state.stages],
    [apis, state.deployments],
    [scheduleGroups, state.schedules],
  ] as const)
    for (const id of children.ids()) if (!parents.get(id.slice(0, id.indexOf("/")))) children.remove(id);
  return state;
}
