/** The local Cloudflare: a folder, a clock and a key in; the API and the Workers deployed through it out. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { LogLine } from "../../../model/invocation.ts";
import type { WireRequest, WireResponse } from "../../../model/wire.ts";
import type { AccessRecord } from "../../access-log.ts";
import { maxBody, maxHead } from "../../workers/limits.ts";
import { createInspector } from "../../workers/inspector.ts";
import { type Storage, startStorage } from "../../workers/miniflare-storage.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { Faults } from "../faults.ts";
import { createFronts } from "../fronts.ts";
import type { CloudKey } from "../key.ts";
import { type Api, answerCloudflare } from "./api.ts";
import { openContentStore } from "./content-store.ts";
import { type Edge, type EdgeState, openEdgeState, type Plan, plans } from "./edge.ts";
import { calledBy } from "./lease-version.ts";
import { createQueues } from "./queue-delivery.ts";
import { takeMessages } from "./queue-messages.ts";
import { createRateLimit } from "./rate-limit.ts";
import { callService, connectService, serveWorker } from "./serve-worker.ts";
import { runDue } from "./schedules.ts";
import { startStored } from "./start-version.ts";
import { createTailSocket } from "./tail-socket.ts";
import { TailSessions } from "./tail-sessions.ts";
import { createTraffic } from "./traffic.ts";
import { VersionPool } from "./version-pool.ts";
import { knownHosts } from "./zone-routing.ts";

/** How to open it. */
export interface CloudflareOptions {
  /** Below `.portico/cloud`. */
  readonly folder: string;
  readonly key: CloudKey;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly hosts: readonly string[];
  readonly plan?: Plan["name"];
  /** Counts calls as the API does, and refuses those above the limit. */
  readonly limitsRate?: boolean;
  /** Milliseconds that a new deployment takes until it alone answers; asked once for each. Default 0. */
  readonly propagation?: () => number;
  /** Milliseconds that a Worker may compute without a sign of life. Default 30,000 or its own `cpu_ms`, whichever is more. */
  readonly cpuMs?: number;
  /** From 0 to 1, for shares of traffic. Default the machine's. */
  readonly random?: () => number;
  readonly onAccess: (record: AccessRecord) => void;
  readonly onWorkerLog: (line: LogLine) => void;
  readonly onLog: (line: string) => void;
  readonly onError: (error: unknown) => void;
}

/** A deployed Worker's address. */
export interface WorkerApp {
  readonly name: string;
  readonly url: string;
  /** True when something is deployed and workers.dev is on. */
  readonly answers: boolean;
}

/** Held open with the cloud. */
export interface Cloudflare {
  answer(request: WireRequest): Promise<WireResponse>;
  /** Takes a WebSocket of the control port over: a tail's. */
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly edge: Edge;
  /** Opens the ports of what was deployed earlier. */
  openFronts(): Promise<void>;
  apps(): readonly WorkerApp[];
  close(): Promise<void>;
}

/** Reads the state; nothing of workerd is started before it is needed. */
export function openCloudflare(options: CloudflareOptions): Cloudflare {
  const { folder, key, clock, faults, onError, random = Math.random } = options;
  const state = openEdgeState(folder);
  const [sites, calls] = [emptied(join(folder, "sites")), emptied(join(folder, "calls"))];
  // The guard of the ports reads it anew for every request.
  const hosts = [...options.hosts];
  const fronts = createFronts({
    hosts,
    // One more than is let through, so that Cloudflare's own refusal tells the limit.
    ...{ maxHead, maxBody: maxBody + 1 },
    onError,
    serve: (script, request) => serveWorker(script, request, edge, options.onAccess, random),
    onMoved: (script, wanted, port) => options.onLog(`port ${wanted} of ${script} is in use; it answers on ${port} now`),
  });
  const inspector = createInspector();
  const surroundings = {
    ...{ sites, calls },
    onLog: options.onWorkerLog,
    serviceCalls: {
      fetch: (script: string, request: Request) => callService(script, request, edge, random),
      connect: (script: string) => connectService(script, edge, random),
    },
    takeMessages: (queue: string, request: Request) => takeMessages(queue, request, edge),
  };
  const pool = new VersionPool((version, extras) => startStored(version, extras, { edge, ...surroundings }), onError);
  const storage = lazyStorage(join(folder, "storage"));
  const edge: Edge = {
    ...{ state, clock, fronts, pool, inspector, plan: plans[options.plan ?? "paid"], ownHosts: options.hosts, secret: key.secretAccessKey },
    content: openContentStore(join(folder, "content"), usedContent(state)),
    tails: new TailSessions(),
    traffic: createTraffic({ state, clock, pool }, options.propagation ?? (() => 0), random),
    ...(options.cpuMs !== undefined && { cpuMs: options.cpuMs }),
    queues: createQueues(() => edge, options.onLog, onError),
    busy: new Set(),
    called: new Set(state.versions.all().flatMap(calledBy)),
    transfers: new Map(),
    storage: () => storage.open(),
    subdomain: () => state.account.get("account")?.subdomain ?? "local",
    setSubdomain: (subdomain) => void state.account.put("account", { subdomain }),
    hostsChanged: () => void hosts.splice(0, hosts.length, ...options.hosts, ...knownHosts({ state })),
  };
  edge.hostsChanged();
  const stopTicking = startTicking(edge, onError);
  const api: Api = { edge, key, faults, ...(options.limitsRate && { rateLimit: createRateLimit(clock) }) };
  return {
    answer: (request) => answerCloudflare(request, api),
    upgrade: createTailSocket(edge),
    edge,
    openFronts: () => openFronts(edge),
    apps: () => appsOf(edge),
    async close() {
      stopTicking();
      edge.queues.close();
      await fronts.closeAll();
      edge.tails.close();
      await Promise.all([pool.close(), inspector.close(), storage.close()]);
    },
  };
}

async function openFronts({ state, fronts }: Edge): Promise<void> {
  for (const script of state.scripts.all()) {
    const port = await fronts.open(script.name, script.port);
    if (port !== script.port) state.scripts.put(script.name, { ...script, port });
  }
}

/** One workerd for all, from the first that asks on. */
function lazyStorage(folder: string): { open(): Promise<Storage>; close(): Promise<unknown> } {
  let storage: Promise<Storage> | undefined;
  return {
    open() {
      storage ??= startStorage(folder);
      // A start that failed is tried again by whoever asks next.
      storage.catch(() => (storage = undefined));
      return storage;
    },
    close: async () => storage?.then((open) => open.close()).catch(() => undefined),
  };
}

/** On the clock: every second what queues are to deliver, every ten what minutes have passed. */
function startTicking(edge: Edge, onError: (error: unknown) => void): () => void {
  const every = edge.clock.every?.bind(edge.clock) ?? systemClock.every;
  let since = edge.clock.now();
  const stops = [
    every(1000, () => edge.queues.tick()),
    every(10_000, () => {
      const from = since;
      since = edge.clock.now();
      runDue(from, since, edge, onError).catch(onError);
    }),
  ];
  return () => stops.forEach((stop) => stop());
}

/** What versions and asset records name; open upload sessions keep what they brought. */
function usedContent({ versions, assets }: EdgeState): ReadonlySet<string> {
  return new Set([
    ...versions.all().flatMap(({ modules }) => modules.map(({ sha256 }) => sha256)),
    ...assets.all().map(({ sha256 }) => sha256),
  ]);
}

/** What is in there is of the running versions, and made again for each. */
function emptied(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
  return folder;
}

function appsOf({ state, traffic }: Edge): readonly WorkerApp[] {
  return state.scripts.all().map(({ name, port, enabled }) => ({
    name,
    url: `http://127.0.0.1:${port}/`,
    answers: enabled && traffic.of(name) !== undefined,
  }));
}
