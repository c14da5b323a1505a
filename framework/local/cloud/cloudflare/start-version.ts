/** A stored version made to run: its record in, a workerd with its modules, bindings and files out. */
import { copyFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { randomUUID } from "node:crypto";
import type { LogLine } from "../../../model/invocation.ts";
import { runnable } from "../../workers/inspector.ts";
import { maxCpuMs } from "../../workers/limits.ts";
import type { WorkerdLine } from "../../workers/miniflare.ts";
import type { StorageKind } from "../../workers/miniflare-storage.ts";
import {
  type RunningVersion,
  startVersion as startWorkerd,
  type VersionFiles,
  type VersionOptions,
} from "../../workers/miniflare-version.ts";
import type { ServiceCalls } from "../../workers/version-services.ts";
import { sha256Of } from "./content-store.ts";
import type { Edge } from "./edge.ts";
import { loadModules, runnableModules } from "./modules.ts";
import type { Binding, VersionAssets, VersionRecord } from "./records.ts";
import type { Extras } from "./version-pool.ts";
import type { TraceItem } from "./tail-filters.ts";

/** How a version reaches what is around it. */
export interface Surroundings {
  readonly edge: Edge;
  /** Holds one folder per set of assets. */
  readonly sites: string;
  /** Holds one folder per version that others call. */
  readonly calls: string;
  readonly onLog: (line: LogLine) => void;
  readonly serviceCalls: ServiceCalls;
  /** Takes what a Worker sends to a queue. */
  readonly takeMessages: (queue: string, request: Request) => Promise<Response>;
}

/** Rejects with UserError MINIFLARE_MISSING. */
export async function startStored(
  version: VersionRecord,
  { tailed, callable }: Extras,
  { edge, sites, calls, onLog, serviceCalls, takeMessages }: Surroundings,
): Promise<RunningVersion> {
  const { mainModule, modules, bindings, assets } = version;
  const options: VersionOptions = {
    name: version.script,
    modules: mainModule === undefined ? [] : runnableModules(loadModules(modules, edge.content), mainModule),
    // Records of before this was told have handlers where they have a default export.
    hasDefault: version.hasDefault ?? version.handlers.length > 0,
    ...runnable(version.compatibilityDate, version.compatibilityFlags),
    cpuMs: edge.cpuMs ?? Math.max(maxCpuMs, version.limits?.["cpu_ms"] ?? 0),
    values: valuesOf(version),
    ...(await storedIn(bindings, edge)),
    queues: byName(bindings, "queue", ({ queue_name }) => queue_name as string),
    takeMessages,
    rateLimits: byName(bindings, "ratelimit", ({ namespace_id, simple }) => {
      const { limit, period } = simple as { limit: number; period: 10 | 60 };
      return { namespace: namespace_id as string, limit, period };
    }),
    services: byName(bindings, "service", ({ service, entrypoint }) => ({
      service: service as string,
      ...(entrypoint !== undefined && { entrypoint: entrypoint as string }),
    })),
    serviceCalls,
    ...(callable && { callFolder: newFolder(calls) }),
    ...(assets && { files: filesOf(assets, bindings, sites, edge) }),
    onLine: ({ level, message }: WorkerdLine) =>
      onLog({ function: version.script, stream: level === "error" || level === "warn" ? "stderr" : "stdout", text: message }),
    ...(tailed && {
      onTrace: (items: readonly TraceItem[]) =>
        edge.tails.publish(
          version.script,
          items.map((item) => ({ ...item, ...aboutVersion(version) })),
        ),
    }),
  };
  return startWorkerd(options);
}

function newFolder(folder: string): string {
  const path = join(folder, randomUUID());
  mkdirSync(path, { recursive: true });
  return path;
}

function byName<T>(bindings: readonly Binding[], type: string, toValue: (binding: Binding) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(bindings.filter((binding) => binding.type === type).map((binding) => [binding.name, toValue(binding)]));
}

function valuesOf(version: VersionRecord): Readonly<Record<string, unknown>> {
  const { bindings, annotations } = version;
  const metadata = { id: version.id, tag: annotations["workers/tag"] ?? "", timestamp: version.created };
  return {
    ...byName(bindings, "plain_text", ({ text }) => text),
    ...byName(bindings, "secret_text", ({ text }) => text),
    ...byName(bindings, "json", ({ json }) => json),
    ...byName(bindings, "version_metadata", () => metadata),
  };
}

/** The storage is started only by a version that stores something. */
async function storedIn(bindings: readonly Binding[], edge: Edge): Promise<Pick<VersionOptions, "kv" | "d1" | "r2">> {
  const kinds = new Set(["kv_namespace", "d1", "r2_bucket"]);
  if (!bindings.some(({ type }) => kinds.has(type))) return { kv: {}, d1: {}, r2: {} };
  const storage = await edge.storage();
  const urls = (type: string, kind: StorageKind, member: string): Readonly<Record<string, URL>> =>
    byName(bindings, type, (binding) => storage.url(kind, binding[member] as string));
  return { kv: urls("kv_namespace", "kv", "namespace_id"), d1: urls("d1", "d1", "id"), r2: urls("r2_bucket", "r2", "bucket_name") };
}

function filesOf(assets: VersionAssets, bindings: readonly Binding[], sites: string, edge: Edge): VersionFiles {
  const { html_handling, not_found_handling, run_worker_first } = assets.config;
  const binding = bindings.find(({ type }) => type === "assets")?.name;
  return {
    directory: layOut(assets, sites, edge),
    ...(binding !== undefined && { binding }),
    ...(html_handling !== undefined && { html_handling }),
    ...(not_found_handling !== undefined && { not_found_handling }),
    ...(run_worker_first !== undefined && { run_worker_first }),
  };
}

/** Each file under its decoded path. Versions with the same files share the folder; a kill leaves no half of one. */
function layOut({ files, config }: VersionAssets, sites: string, edge: Edge): string {
  const { _headers = "", _redirects = "" } = config;
  const directory = join(sites, sha256Of(JSON.stringify([files, _headers, _redirects])));
  if (existsSync(directory)) return directory;
  const temporary = `${directory}.${randomUUID()}.tmp`;
  mkdirSync(temporary, { recursive: true });
  for (const [path, hash] of Object.entries(files)) {
    const asset = edge.state.assets.get(hash);
    if (!asset) throw new Error(`the asset ${hash} of ${path} is gone`);
    const to = join(temporary, ...path.slice(1).split("/").map(decodeURIComponent));
    mkdirSync(dirname(to), { recursive: true });
    link(edge.content.file(asset.sha256), to);
  }
  if (_headers) writeFileSync(join(temporary, "_headers"), _headers);
  if (_redirects) writeFileSync(join(temporary, "_redirects"), _redirects);
  try {
    renameSync(temporary, directory);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Another version with the same files was faster.
    if (!existsSync(directory)) throw error;
  }
  return directory;
}

function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // A file system without hard links.
    copyFileSync(from, to);
  }
}

/** What a tail knows of the version (docs: Tail Workers; versions and deployments, observability). */
function aboutVersion({ script, id, annotations }: VersionRecord): Readonly<Record<string, unknown>> {
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
