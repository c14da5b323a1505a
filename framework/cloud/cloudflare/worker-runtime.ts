/** Runs the deployed Workers: their versions' processes, traffic, queues, tails and the storage that they share. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { LogLine } from "../../model/invocation.ts";
import { type Storage, startStorage } from "../../emulation/workers/miniflare-storage.ts";
import type { ServiceCalls } from "../../emulation/workers/service-bindings.ts";
import type { Clock } from "../clock.ts";
import { type ContentStore, openContentStore } from "./content-store.ts";
import { createQueueDelivery, type QueueDelivery } from "./queue-delivery.ts";
import { answerProducer } from "./queue-messages.ts";
import { runDueSchedules } from "./schedules.ts";
import type { CloudflareState } from "./state.ts";
import { TailSessions } from "./tail-sessions.ts";
import { createTraffic, type Traffic } from "./traffic.ts";
import { createServiceCalls, type VersionSource } from "./version-invocation.ts";
import { VersionPool } from "./version-pool.ts";
import { type StartProcess, startVersionProcess, type VersionHost } from "./version-process.ts";
import { boundServices } from "./version-records.ts";

export interface WorkerRuntimeOptions {
  /** Below `.portico/cloud`. */
  readonly folder: string;
  readonly clock: Clock;
  /** Milliseconds that a new deployment takes until it alone answers; called once for each. Default 0. */
  readonly propagation?: () => number;
  /**
   * Milliseconds that a Worker may compute without a sign of life. Default 30,000 or its own `cpu_ms`, whichever is
   * more.
   */
  readonly cpuMs?: number;
  /** A number from 0 to 1, for shares of traffic. Default Math.random. */
  readonly random?: () => number;
  /** What runs a version. Default workerd. */
  readonly startVersion?: StartProcess;
  /** What stores the data of KV, D1 and R2 below a folder. Default workerd. */
  readonly startStorage?: (folder: string) => Promise<Storage>;
  readonly onWorkerLog: (line: LogLine) => void;
  readonly onLog: (line: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Its parts; closing it ends every process. */
export interface WorkerRuntime {
  readonly content: ContentStore;
  readonly tails: TailSessions;
  readonly traffic: Traffic;
  readonly queueDelivery: QueueDelivery;
  readonly callableScripts: Set<string>;
  readonly versionSource: VersionSource;
  readonly serviceCalls: ServiceCalls;
  readonly answerProducer: (queue: string, request: Request) => Promise<Response>;
  openStorage(): Promise<Storage>;
  /** Runs the Cron Triggers of the minutes after `since` up to `now` (epoch ms). */
  runSchedules(since: number, now: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts no process before one is needed. */
export function createWorkerRuntime(state: CloudflareState, options: WorkerRuntimeOptions): WorkerRuntime {
  const { folder, clock, cpuMs, startVersion, random = Math.random, propagation = () => 0, onLog, onError } = options;
  const [assetFolder, callFolder] = [emptyFolder(join(folder, "sites")), emptyFolder(join(folder, "calls"))];
  const content = openContentStore(join(folder, "content"), usedContent(state));
  const storage = createStorageProcess(join(folder, "storage"), options.startStorage ?? startStorage);
  const tails = new TailSessions();
  const callableScripts = new Set(state.versions.all().flatMap(({ bindings }) => boundServices(bindings)));
  const pool = new VersionPool(
    (version, features) => startVersionProcess(version, features, host),
    (script) => ({ traced: tails.of(script).length > 0, callable: callableScripts.has(script) }),
    onError,
  );
  const traffic = createTraffic({ state, clock, pool, propagation, random });
  const queueDelivery = createQueueDelivery({ state, clock, pool, onLog, onError });
  const versionSource: VersionSource = { traffic, versions: state.versions, pool, random };
  const { queues, messages } = state;
  const inbox = { queues, messages, clock, onArrival: queueDelivery.wake };
  const host: VersionHost = {
    assetStorage: { assets: state.assets, content, folder: assetFolder },
    callFolder,
    ...(cpuMs !== undefined && { cpuMs }),
    ...(startVersion && { startVersion }),
    openStorage: storage.open,
    hyperdrives: state.hyperdrives,
    serviceCalls: createServiceCalls(versionSource),
    answerProducer: (queue, request) => answerProducer(queue, request, inbox),
    onLog: options.onWorkerLog,
    onTrace: (script, items) => tails.publish(script, items),
  };
  return {
    content,
    tails,
    traffic,
    queueDelivery,
    callableScripts,
    versionSource,
    serviceCalls: host.serviceCalls,
    answerProducer: host.answerProducer,
    openStorage: storage.open,
    runSchedules: (since, now) => runDueSchedules(since, now, { state, pool, onError }),
    async close() {
      tails.close();
      await Promise.all([pool.close(), storage.close()]);
    },
  };
}

/** One workerd for the storage of all Workers, started by the first call of `open`. */
function createStorageProcess(
  folder: string,
  start: (folder: string) => Promise<Storage>,
): { open(): Promise<Storage>; close(): Promise<unknown> } {
  let storage: Promise<Storage> | undefined;
  return {
    open() {
      storage ??= start(folder);
      // The next call tries again after a failed start.
      storage.catch(() => (storage = undefined));
      return storage;
    },
    close: async () => storage?.then((open) => open.close()).catch(() => undefined),
  };
}

/** The files that versions and assets name; open upload sessions keep the assets that they have sent. */
function usedContent({ versions, assets }: Pick<CloudflareState, "assets" | "versions">): ReadonlySet<string> {
  return new Set([
    ...versions.all().flatMap(({ modules }) => modules.map(({ sha256 }) => sha256)),
    ...assets.all().map(({ sha256 }) => sha256),
  ]);
}

/** Removes what versions of an earlier process have left: every version makes its own folders again. */
function emptyFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
  return folder;
}
