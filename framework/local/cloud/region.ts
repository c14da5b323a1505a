/** The emulated region: what it remembers and what it holds open, handed to every operation. */
import { join } from "node:path";
import type { LambdaRuntime } from "../lambda/outcome.ts";
import type { BlobStore } from "./blob-store.ts";
import type { Clock } from "./clock.ts";
import type { Cloudflare } from "./cloudflare/cloudflare.ts";
import type { CodeStore } from "./code-store.ts";
import { Collection } from "./collection.ts";
import type { Faults } from "./faults.ts";
import type { LogStore } from "./log-store.ts";
import type { Pace } from "./pace.ts";
import type { Rates } from "./rates.ts";
import type {
  ApiRecord,
  BucketRecord,
  DeploymentRecord,
  FunctionRecord,
  LogGroupRecord,
  ObjectRecord,
  ParameterRecord,
  RoleRecord,
  StageRecord,
} from "./records.ts";

/** Everything that survives a restart. Children of an API have the id `API/CHILD`. */
export interface State {
  readonly functions: Collection<FunctionRecord>;
  readonly roles: Collection<RoleRecord>;
  readonly apis: Collection<ApiRecord>;
  readonly deployments: Collection<DeploymentRecord>;
  readonly stages: Collection<StageRecord>;
  readonly buckets: Collection<BucketRecord>;
  /** By `BUCKET/KEY`. */
  readonly objects: Collection<ObjectRecord>;
  readonly parameters: Collection<ParameterRecord>;
  readonly logGroups: Collection<LogGroupRecord>;
}

/** The data planes: one listener per API and per function URL. */
export interface Fronts {
  /** Opens the port of an API or a URL (0 takes a free one) and says which it became. */
  open(id: string, port: number): Promise<number>;
  /** Lets no new request in and resolves when the port is free. */
  close(id: string): Promise<void>;
  closeAll(): Promise<void>;
}

/** What an operation may use. */
export interface Region {
  readonly state: State;
  readonly code: CodeStore;
  readonly blobs: BlobStore;
  readonly logs: LogStore;
  readonly runtime: LambdaRuntime;
  /** Events under way of functions with reserved concurrency, by name. */
  readonly running: Map<string, number>;
  readonly fronts: Fronts;
  readonly clock: Clock;
  /** Aborted once the cloud is closed; what still runs then leaves the state alone. */
  readonly life: AbortSignal;
  readonly faults: Faults;
  /** The other cloud on the same port. */
  readonly cloudflare: Cloudflare;
  readonly pace: Pace;
  readonly rates: Rates;
  /** APIs that a call is changing, by id. */
  readonly changing: Set<string>;
  /** A URL of the control port that serves the zip without a signature for ten minutes. */
  codeLocation(codeSha256: string): string;
}

/** Reads (or starts) the state below `folder`; children whose API is gone, as a kill in the middle of DeleteApi leaves them, go too. */
export function openState(folder: string): State {
  const open = <T>(name: string): Collection<T> => new Collection<T>(join(folder, "state", name));
  const state: State = {
    functions: open("functions"),
    roles: open("roles"),
    apis: open("apis"),
    deployments: open("deployments"),
    stages: open("stages"),
    buckets: open("buckets"),
    objects: open("objects"),
    parameters: open("parameters"),
    logGroups: open("log-groups"),
  };
  for (const children of [state.stages, state.deployments]) {
    for (const id of children.ids()) if (!state.apis.get(id.slice(0, id.indexOf("/")))) children.remove(id);
  }
  return state;
}
