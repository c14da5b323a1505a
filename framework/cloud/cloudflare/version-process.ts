/** Starts the workerd process of a stored version with its modules, bindings and static assets. */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { originUrl } from "../../emulation/postgres/origin-check.ts";
import type { Collection } from "../collection.ts";
import type { LogLine } from "../../model/invocation.ts";
import { localCompatibility } from "../../emulation/workers/upload-check.ts";
import { maxCpuMs } from "../../emulation/workers/limits.ts";
import type { WorkerdLine } from "../../emulation/workers/miniflare.ts";
import type { Storage, StorageKind } from "../../emulation/workers/miniflare-storage.ts";
import {
  type RunningVersion,
  startVersion as startWorkerd,
  type VersionOptions,
} from "../../emulation/workers/miniflare-version.ts";
import type { ServiceCalls } from "../../emulation/workers/service-bindings.ts";
import { type AssetStorage, versionFiles } from "./asset-folder.ts";
import type { Binding, HyperdriveRecord, VersionRecord } from "./records.ts";
import type { TraceItem } from "./tail-filters.ts";
import type { VersionFeatures } from "./version-pool.ts";
import { loadModules, runnableModules } from "./worker-modules.ts";

/** What the process reads, calls and reports to. */
export interface VersionHost {
  readonly assetStorage: AssetStorage;
  /** Gets one subfolder for each version that other Workers call. */
  readonly callFolder: string;
  /** Milliseconds that a version may compute without a sign of life; absent: its own limit. */
  readonly cpuMs?: number;
  openStorage(): Promise<Storage>;
  readonly hyperdrives: Pick<Collection<HyperdriveRecord>, "get">;
  readonly serviceCalls: ServiceCalls;
  /** Receives the messages that the Worker sends to a queue. */
  readonly answerProducer: (queue: string, request: Request) => Promise<Response>;
  readonly onLog: (line: LogLine) => void;
  readonly onTrace: (script: string, items: readonly TraceItem[]) => void;
  /** What runs a version. Default workerd. */
  readonly startVersion?: StartProcess;
}

/** Starts a version that listens on a port of this machine. */
export type StartProcess = (options: VersionOptions) => Promise<RunningVersion>;

/** Rejects with UserError MINIFLARE_MISSING. */
export async function startVersionProcess(
  version: VersionRecord,
  features: VersionFeatures,
  host: VersionHost,
): Promise<RunningVersion> {
  const { script, mainModule, modules, bindings, assets } = version;
  const { assetStorage, onLog, onTrace, startVersion = startWorkerd } = host;
  return startVersion({
    name: script,
    modules: mainModule === undefined ? [] : runnableModules(loadModules(modules, assetStorage.content), mainModule),
    // Records of older versions of Portico do not have it: their handlers are the default export's.
    hasDefault: version.hasDefault ?? version.handlers.length > 0,
    ...localCompatibility(version.compatibilityDate, version.compatibilityFlags),
    cpuMs: host.cpuMs ?? Math.max(maxCpuMs, version.limits?.["cpu_ms"] ?? 0),
    values: valuesOf(version),
    ...(await storageBindings(bindings, () => host.openStorage())),
    ...callBindings(bindings),
    hyperdrives: hyperdriveUrls(bindings, host.hyperdrives),
    sendMessages: host.answerProducer,
    serviceCalls: host.serviceCalls,
    ...(features.callable && { callFolder: newFolder(host.callFolder) }),
    ...(assets && { files: versionFiles(assets, bindings, assetStorage) }),
    onLine: ({ level, message }: WorkerdLine) =>
      onLog({
        function: script,
        stream: level === "error" || level === "warn" ? "stderr" : "stdout",
        text: message,
      }),
    ...(features.traced && {
      onTrace: (items: readonly TraceItem[]) =>
        onTrace(
          script,
          items.map((item) => ({ ...item, ...traceMetadata(version) })),
        ),
    }),
  });
}

function newFolder(parent: string): string {
  const path = join(parent, randomUUID());
  mkdirSync(path, { recursive: true });
  return path;
}

/** The bindings of one type: name to `toValue` of the binding. */
function bindingsByName<T>(
  bindings: readonly Binding[],
  type: string,
  toValue: (binding: Binding) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(
    bindings.filter((binding) => binding.type === type).map((binding) => [binding.name, toValue(binding)]),
  );
}

function valuesOf(version: VersionRecord): Readonly<Record<string, unknown>> {
  const { bindings, annotations } = version;
  const metadata = { id: version.id, tag: annotations["workers/tag"] ?? "", timestamp: version.created };
  return {
    ...bindingsByName(bindings, "plain_text", ({ text }) => text),
    ...bindingsByName(bindings, "secret_text", ({ text }) => text),
    ...bindingsByName(bindings, "json", ({ json }) => json),
    ...bindingsByName(bindings, "version_metadata", () => metadata),
  };
}

/** Bindings that call this process: queues, rate limits and other Workers. */
function callBindings(bindings: readonly Binding[]): Pick<VersionOptions, "queues" | "rateLimits" | "services"> {
  return {
    queues: bindingsByName(bindings, "queue", ({ queue_name }) => queue_name as string),
    rateLimits: bindingsByName(bindings, "ratelimit", ({ namespace_id, simple }) => {
      const { limit, period } = simple as { limit: number; period: 10 | 60 };
      return { namespace: namespace_id as string, limit, period };
    }),
    services: bindingsByName(bindings, "service", ({ service, entrypoint }) => ({
      service: service as string,
      ...(entrypoint !== undefined && { entrypoint: entrypoint as string }),
    })),
  };
}

/** The URL of each configuration that still exists; the binding of one that does not leads nowhere. */
function hyperdriveUrls(
  bindings: readonly Binding[],
  hyperdrives: VersionHost["hyperdrives"],
): Readonly<Record<string, string>> {
  return bindingsByName(bindings, "hyperdrive", ({ id }) => {
    const found = hyperdrives.get(id as string);
    return found ? originUrl(found.origin) : "postgres://none:none@127.0.0.1:1/none";
  });
}

/** KV, D1 and R2. Their storage is started only for a version that has such a binding. */
async function storageBindings(
  bindings: readonly Binding[],
  openStorage: () => Promise<Storage>,
): Promise<Pick<VersionOptions, "kv" | "d1" | "r2">> {
  const types = new Set(["kv_namespace", "d1", "r2_bucket"]);
  if (!bindings.some(({ type }) => types.has(type))) return { kv: {}, d1: {}, r2: {} };
  const storage = await openStorage();
  const urls = (type: string, kind: StorageKind, member: string): Readonly<Record<string, URL>> =>
    bindingsByName(bindings, type, (binding) => storage.url(kind, binding[member] as string));
  return {
    kv: urls("kv_namespace", "kv", "namespace_id"),
    d1: urls("d1", "d1", "id"),
    r2: urls("r2_bucket", "r2", "bucket_name"),
  };
}

/** Members of a trace item that name the version (docs: Tail Workers; versions and deployments, observability). */
function traceMetadata({ script, id, annotations }: VersionRecord): Readonly<Record<string, unknown>> {
  return {
    scriptName: script,
    entrypoint: "default",
    scriptVersion: {
      id,
      ...(annotations["workers/tag"] !== undefined && { tag: annotations["workers/tag"] }),
      ...(annotations["workers/message"] !== undefined && { message: annotations["workers/message"] }),
    },
  };
}
