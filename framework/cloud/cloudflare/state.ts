/** Everything the local Cloudflare remembers over a restart: a collection of records for each kind of resource. */
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { Collection } from "../collection.ts";
import type {
  AssetRecord,
  AssetSession,
  ConsumerRecord,
  DeploymentRecord,
  DomainRecord,
  HyperdriveRecord,
  MessageRecord,
  QueueRecord,
  ResourceRecord,
  RouteRecord,
  ScheduleRecord,
  ScriptRecord,
  VersionRecord,
  ZoneRecord,
} from "./records.ts";

/** The collections. Versions, deployments and schedules have the id `SCRIPT/CHILD`. */
export interface CloudflareState {
  readonly scripts: Collection<ScriptRecord>;
  readonly versions: Collection<VersionRecord>;
  readonly deployments: Collection<DeploymentRecord>;
  readonly schedules: Collection<ScheduleRecord>;
  readonly assets: Collection<AssetRecord>;
  readonly sessions: Collection<AssetSession>;
  readonly kv: Collection<ResourceRecord>;
  readonly d1: Collection<ResourceRecord>;
  readonly r2: Collection<ResourceRecord>;
  readonly hyperdrives: Collection<HyperdriveRecord>;
  readonly queues: Collection<QueueRecord>;
  readonly consumers: Collection<ConsumerRecord>;
  readonly messages: Collection<MessageRecord>;
  readonly zones: Collection<ZoneRecord>;
  readonly routes: Collection<RouteRecord>;
  readonly domains: Collection<DomainRecord>;
}

/** Loads the state stored below `folder` and removes the records that a killed process left without their owner. */
export function openState(folder: string): CloudflareState {
  const open = <T>(name: string): Collection<T> => new Collection<T>(join(folder, "state", name));
  const state: CloudflareState = {
    scripts: open("scripts"),
    versions: open("versions"),
    deployments: open("deployments"),
    schedules: open("schedules"),
    assets: open("assets"),
    sessions: open("sessions"),
    kv: open("kv"),
    d1: open("d1"),
    r2: open("r2"),
    hyperdrives: open("hyperdrives"),
    queues: open("queues"),
    consumers: open("consumers"),
    messages: open("messages"),
    zones: open("zones"),
    routes: open("routes"),
    domains: open("domains"),
  };
  removeOrphans(state);
  return state;
}

function removeOrphans(state: CloudflareState): void {
  for (const children of [state.versions, state.deployments, state.schedules]) {
    for (const id of children.ids()) if (!state.scripts.get(id.slice(0, id.indexOf("/")))) children.remove(id);
  }
  const isGone = (script: string): boolean => !state.scripts.get(script);
  for (const { id, script } of state.routes.all()) if (script !== null && isGone(script)) state.routes.remove(id);
  for (const { id, service } of state.domains.all()) if (isGone(service)) state.domains.remove(id);
  for (const { id, script, queue } of state.consumers.all())
    if (isGone(script) || !state.queues.get(queue)) state.consumers.remove(id);
  for (const { id, queue } of state.messages.all()) if (!state.queues.get(queue)) state.messages.remove(id);
}

/** The present time as records and answers carry it: ISO 8601 with milliseconds. */
export function timestamp(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
