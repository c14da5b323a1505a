/** The local Cloudflare: its API, its tails and the ports of the Workers that are deployed to it. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { HttpRequest, HttpResponse } from "../../model/http-message.ts";
import type { AccessRecord } from "../../http/access-log.ts";
import { checkOrigin } from "../../emulation/postgres/origin-check.ts";
import { createUploadCheck, type UploadCheck } from "../../emulation/workers/upload-check.ts";
import { maxBody, maxHead } from "../../emulation/workers/limits.ts";
import type { AccessKey } from "../access-key.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { FaultInjector } from "../fault-injector.ts";
import { createListeners, type Listeners } from "../listeners.ts";
import { type AccountPlan, accountPlans } from "./account-plan.ts";
import { createRateLimit } from "./api-rate-limit.ts";
import { answerCloudflare, type CloudflareApi } from "./api.ts";
import { createAssetTokens } from "./asset-tokens.ts";
import { createRemoteBindings, type RemoteBindings } from "./remote-bindings.ts";
import type { CloudflareServices } from "./services.ts";
import { SqlTransfers } from "./sql-transfers.ts";
import { type CloudflareState, openState } from "./state.ts";
import { createTailSocket } from "./tail-socket.ts";
import type { Traffic } from "./traffic.ts";
import type { VersionSource } from "./version-invocation.ts";
import { answerWorkerRequest } from "./worker-requests.ts";
import { createWorkerRuntime, type WorkerRuntime, type WorkerRuntimeOptions } from "./worker-runtime.ts";
import { knownHosts } from "./zone-routing.ts";

export interface CloudflareOptions extends WorkerRuntimeOptions {
  readonly key: AccessKey;
  readonly faults: FaultInjector;
  /** Host names of this machine besides the loopback ones, from `--host`. */
  readonly hosts: readonly string[];
  readonly plan?: AccountPlan["name"];
  /** Counts calls as the API does, and refuses those above the limit. */
  readonly limitsRate?: boolean;
  /** What starts uploaded code once, to see its handlers or its error. Default workerd. */
  readonly uploadCheck?: UploadCheck;
  readonly onAccess: (record: AccessRecord) => void;
}

/** A deployed Worker's address. */
export interface WorkerApp {
  readonly name: string;
  readonly url: string;
  /** True when something is deployed and workers.dev is on. */
  readonly answers: boolean;
}

/** A running local Cloudflare. */
export interface Cloudflare {
  answer(request: HttpRequest): Promise<HttpResponse>;
  /** Answers requests below `bindingsPath` whose key was checked. */
  readonly access: RemoteBindings;
  /** Answers a WebSocket upgrade of the control port, which opens a tail. */
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** The versions that run behind the ports. */
  readonly versionSource: VersionSource;
  /** Opens the ports of the Workers that were deployed earlier. */
  openListeners(): Promise<void>;
  /** Begins to deliver messages of queues and to run schedules. */
  startDeliveries(): void;
  apps(): readonly WorkerApp[];
  close(): Promise<void>;
}

/** Loads the state; no workerd is started before it is needed. */
export function openCloudflare(options: CloudflareOptions): Cloudflare {
  const { folder, key, clock, faults, onError } = options;
  const state = openState(folder);
  const runtime = createWorkerRuntime(state, options);
  // The listeners read the list for every request.
  const hosts = [...options.hosts];
  const refreshHosts = (): void => void hosts.splice(0, hosts.length, ...options.hosts, ...knownHosts(state));
  refreshHosts();
  const listeners = createWorkerPorts(state, hosts, runtime, options);
  const services: CloudflareServices = {
    clock,
    plan: accountPlans[options.plan ?? "paid"],
    content: runtime.content,
    listeners,
    uploadCheck: options.uploadCheck ?? createUploadCheck(),
    tails: runtime.tails,
    traffic: runtime.traffic,
    queueDelivery: runtime.queueDelivery,
    sqlTransfers: new SqlTransfers(clock),
    assetTokens: createAssetTokens(key.secretAccessKey, state.sessions, clock),
    scriptLocks: new Set(),
    callableScripts: runtime.callableScripts,
    checkOrigin: (origin) => checkOrigin(origin, folder),
    openStorage: runtime.openStorage,
    refreshHosts,
  };
  let stopTimers = (): void => {};
  const api: CloudflareApi = {
    state,
    services,
    key,
    faults,
    ...(options.limitsRate && { rateLimit: createRateLimit(clock) }),
  };
  return {
    access: remoteBindings(runtime),
    answer: (request) => answerCloudflare(request, api),
    upgrade: createTailSocket(runtime.tails, clock),
    versionSource: runtime.versionSource,
    openListeners: () => openPorts(state, listeners),
    startDeliveries() {
      runtime.queueDelivery.start();
      stopTimers = startTimers(clock, runtime, onError);
    },
    apps: () => workerApps(state, runtime.traffic),
    async close() {
      stopTimers();
      runtime.queueDelivery.close();
      await listeners.closeAll();
      await Promise.all([runtime.close(), services.uploadCheck.close()]);
    },
  };
}

/** The ports of the Workers. */
function createWorkerPorts(
  state: CloudflareState,
  hosts: readonly string[],
  { versionSource }: Pick<WorkerRuntime, "versionSource">,
  { hosts: ownHosts, clock, onAccess, onLog, onError }: CloudflareOptions,
): Listeners {
  const addresses = { state, ownHosts, versionSource };
  return createListeners({
    hosts,
    maxHead,
    // One byte more than Cloudflare lets through, so that its own answer to a larger body is the one that is sent.
    maxBody: maxBody + 1,
    onError,
    serve: (script, request, disconnect) =>
      answerWorkerRequest(script, request, disconnect, addresses, { clock, onAccess }),
    onMoved: (script, wanted, port) => onLog(`port ${wanted} of ${script} is in use; it answers on ${port} now`),
  });
}

async function openPorts({ scripts }: Pick<CloudflareState, "scripts">, listeners: Listeners): Promise<void> {
  for (const script of scripts.all()) {
    const port = await listeners.open(script.name, script.port);
    if (port !== script.port) scripts.put(script.name, { ...script, port });
  }
}

function remoteBindings({
  openStorage,
  answerProducer,
  serviceCalls,
  traffic,
  callableScripts,
}: WorkerRuntime): RemoteBindings {
  const makeCallable = (service: string): boolean => {
    if (!traffic.of(service)) return false;
    callableScripts.add(service);
    return true;
  };
  return createRemoteBindings({ openStorage, answerProducer, serviceCalls, makeCallable });
}

/** Delivers queues every second and runs due schedules every ten, on the cloud's clock. */
function startTimers(
  clock: Clock,
  { queueDelivery, runSchedules }: Pick<WorkerRuntime, "queueDelivery" | "runSchedules">,
  onError: (error: unknown) => void,
): () => void {
  const every = clock.every?.bind(clock) ?? systemClock.every;
  let since = clock.now();
  const stops = [
    every(1000, () => queueDelivery.tick()),
    every(10_000, () => {
      const from = since;
      since = clock.now();
      runSchedules(from, since).catch(onError);
    }),
  ];
  return () => stops.forEach((stop) => stop());
}

function workerApps({ scripts }: Pick<CloudflareState, "scripts">, traffic: Pick<Traffic, "of">): readonly WorkerApp[] {
  return scripts.all().map(({ name, port, enabled }) => ({
    name,
    url: `http://127.0.0.1:${port}/`,
    answers: enabled && traffic.of(name) !== undefined,
  }));
}
