/** The local Cloudflare as its operations see it: what it remembers and what it holds open. */
import { join } from "node:path";
import type { Inspector } from "../../workers/inspector.ts";
import type { Storage } from "../../workers/miniflare-storage.ts";
import type { Clock } from "../clock.ts";
import { Collection } from "../collection.ts";
import type { Fronts } from "../region.ts";
import type { ContentStore } from "./content-store.ts";
import type {
  AssetRecord,
  AssetSession,
  ConsumerRecord,
  DeploymentRecord,
  DomainRecord,
  MessageRecord,
  QueueRecord,
  ResourceRecord,
  RouteRecord,
  ScheduleRecord,
  ScriptRecord,
  VersionRecord,
  ZoneRecord,
} from "./records.ts";
import type { Transfer } from "./d1-transfer.ts";
import type { Queues } from "./queue-delivery.ts";
import type { TailSessions } from "./tail-sessions.ts";
import type { Traffic } from "./traffic.ts";
import type { VersionPool } from "./version-pool.ts";

/** Everything that survives a restart. Children of a script have the id `SCRIPT/CHILD`. */
export interface EdgeState {
  readonly scripts: Collection<ScriptRecord>;
  readonly versions: Collection<VersionRecord>;
  readonly deployments: Collection<DeploymentRecord>;
  readonly schedules: Collection<ScheduleRecord>;
  readonly assets: Collection<AssetRecord>;
  readonly sessions: Collection<AssetSession>;
  readonly kv: Collection<ResourceRecord>;
  readonly d1: Collection<ResourceRecord>;
  readonly r2: Collection<ResourceRecord>;
  readonly queues: Collection<QueueRecord>;
  readonly consumers: Collection<ConsumerRecord>;
  readonly messages: Collection<MessageRecord>;
  readonly zones: Collection<ZoneRecord>;
  readonly routes: Collection<RouteRecord>;
  readonly domains: Collection<DomainRecord>;
  readonly account: Collection<{ readonly subdomain: string }>;
}

/** What an account's plan allows (Workers limits page, September 2026). */
export interface Plan {
  readonly name: "free" | "paid";
  readonly scripts: number;
  readonly variables: number;
  readonly assetFiles: number;
  readonly crons: number;
}

/** What an operation may use. */
export interface Edge {
  readonly state: EdgeState;
  readonly content: ContentStore;
  readonly clock: Clock;
  readonly plan: Plan;
  /** Milliseconds that a version may compute without a sign of life; absent: what its plan and limits say. */
  readonly cpuMs?: number;
  readonly fronts: Fronts;
  readonly pool: VersionPool;
  readonly inspector: Inspector;
  readonly tails: TailSessions;
  readonly traffic: Traffic;
  readonly queues: Queues;
  /** Scripts that a call is changing right now; a second one is refused. */
  readonly busy: Set<string>;
  /** Scripts that versions of others bind to. */
  readonly called: Set<string>;
  /** SQL texts on their way in or out, by the token of their URL. */
  readonly transfers: Map<string, Transfer>;
  /** Host names of this machine besides the loopback ones, from `--host`. */
  readonly ownHosts: readonly string[];
  /** Signs the tokens of asset uploads. */
  readonly secret: string;
  /** Starts the workerd that owns what is stored, once. */
  storage(): Promise<Storage>;
  subdomain(): string;
  setSubdomain(name: string): void;
  /** To be called after every change of routes and domains: their hosts are let in from then on. */
  hostsChanged(): void;
}

export const plans: Readonly<Record<Plan["name"], Plan>> = {
  free: { name: "free", scripts: 100, variables: 64, assetFiles: 20_000, crons: 5 },
  paid: { name: "paid", scripts: 500, variables: 128, assetFiles: 100_000, crons: 250 },
};

/** Reads (or starts) the state below `folder`; what a kill left of a script that is gone goes too. */
export function openEdgeState(folder: string): EdgeState {
  const open = <T>(name: string): Collection<T> => new Collection<T>(join(folder, "state", name));
  const state: EdgeState = {
    scripts: open("scripts"),
    versions: open("versions"),
    deployments: open("deployments"),
    schedules: open("schedules"),
    assets: open("assets"),
    sessions: open("sessions"),
    kv: open("kv"),
    d1: open("d1"),
    r2: open("r2"),
    queues: open("queues"),
    consumers: open("consumers"),
    messages: open("messages"),
    zones: open("zones"),
    routes: open("routes"),
    domains: open("domains"),
    account: open("account"),
  };
  for (const children of [state.versions, state.deployments, state.schedules]) {
    for (const id of children.ids()) if (!state.scripts.get(id.slice(0, id.indexOf("/")))) children.remove(id);
  }
  const isGone = (script: string): boolean => !state.scripts.get(script);
  for (const { id, script } of state.routes.all()) if (script !== null && isGone(script)) state.routes.remove(id);
  for (const { id, service } of state.domains.all()) if (isGone(service)) state.domains.remove(id);
  for (const { id, script, queue } of state.consumers.all()) if (isGone(script) || !state.queues.get(queue)) state.consumers.remove(id);
  for (const { id, queue } of state.messages.all()) if (!state.queues.get(queue)) state.messages.remove(id);
  return state;
}

/** ISO 8601 with milliseconds. */
export function timestamp(edge: Pick<Edge, "clock">): string {
  return new Date(edge.clock.now()).toISOString();
}
