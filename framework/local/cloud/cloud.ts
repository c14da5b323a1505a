/** The local cloud: a state folder, a port and a Lambda runtime in; a server that speaks AWS and runs what is deployed to it out. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LogLine } from "../../model/invocation.ts";
import { UserError } from "../../model/user-error.ts";
import type { AccessRecord } from "../access-log.ts";
import type { LambdaRuntime } from "../lambda/outcome.ts";
import { type Listener, listen } from "../listen.ts";
import { localRegion } from "./arn.ts";
import { childrenOf } from "./apigateway/find.ts";
import { openBlobStore } from "./blob-store.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Cloudflare, type CloudflareOptions, openCloudflare, type WorkerApp } from "./cloudflare/cloudflare.ts";
import { codeLocation } from "./code-location.ts";
import { openCodeStore } from "./code-store.ts";
import { answerControl } from "./control.ts";
import { type FaultHook, Faults, type ServiceCall } from "./faults.ts";
import { findCloud } from "./find-cloud.ts";
import { createFronts } from "./fronts.ts";
import { readOrMakeKey } from "./key.ts";
import { LogStore } from "./log-store.ts";
import { instantPace, type Pace } from "./pace.ts";
import { Rates } from "./rates.ts";
import { openState, type Region, type State } from "./region.ts";
import { serveRequest } from "./serve-request.ts";
import { serveUrl } from "./serve-url.ts";

/** Bytes of the longest control request that is read; the services refuse shorter ones in their own words. */
const maxBody = 80 * 1024 * 1024;

/** How to start. */
export interface CloudOptions {
  /** `.portico/cloud` of the app; made when missing. */
  readonly folder: string;
  /** Of the control APIs; 0 takes a free one. */
  readonly port: number;
  /** Closed by whoever made it, after the cloud. */
  readonly runtime: LambdaRuntime;
  /** Host names besides the loopback ones, from `--host`. */
  readonly hosts?: readonly string[];
  /** Gets every request to a deployed app, once it is answered. */
  readonly onAccess?: (access: AccessRecord) => void;
  /** Gets a line for the user: a port that moved. */
  readonly onLog?: (line: string) => void;
  /** Gets what failed inside the cloud itself; the client got a bare 500. */
  readonly onError?: (error: unknown) => void;
  /** Milliseconds that functions and deployments stay Pending or in progress. Default the pace's. */
  readonly delay?: number;
  /** What differs from `instantPace`. */
  readonly pace?: Partial<Pace>;
  /** Of everything that is dated, waits or expires. Default the machine's. */
  readonly clock?: Clock;
  /** Decides what becomes of a call, before the rules that were set over the control port. */
  readonly fault?: FaultHook;
  /** How the local Cloudflare behaves, where that is not its default. */
  readonly cloudflare?: Partial<Pick<CloudflareOptions, "plan" | "propagation" | "random" | "cpuMs">>;
  /** Gets what deployed Workers print. */
  readonly onWorkerLog?: (line: LogLine) => void;
  /** Gets every call that was signed and understood, before it takes effect. */
  readonly onCall?: (call: ServiceCall) => void;
}

/** A deployed app's address. */
export interface CloudApp {
  /** The API's name, or the function's of a function URL. */
  readonly name: string;
  /** A named stage; its URL ends with it. */
  readonly stage?: string;
  readonly url: string;
}

/** A running local cloud. */
export interface Cloud {
  /** `http://127.0.0.1:PORT`: the endpoint of every client. */
  readonly url: string;
  readonly port: number;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  apps(): readonly CloudApp[];
  /** The other cloud of the same port. */
  readonly cloudflare: Cloudflare;
  workers(): readonly WorkerApp[];
  /** Stops answering; the state stays. The runtime is left to its owner. */
  close(): Promise<void>;
}

/** Starts it. Rejects with UserError: PORT_IN_USE, CLOUD_RUNNING, CLOUD_KEY, CLOUD_STATE. */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { folder, hosts = [], onError = () => {}, clock = systemClock } = options;
  const key = readOrMakeKey(folder);
  await refuseSecond(options);
  const state = openState(folder);
  // The region is complete only with the ports, and the ports need it to answer: requests come after both.
  const started = Promise.withResolvers<Region>();
  const control = await listen({
    port: options.port,
    hosts,
    maxBody,
    handle: async (request) => answerControl(request, key, await started.promise),
    upgrade: (message, socket, head) => cloudflare.upgrade(message, socket, head),
    onError,
  });
  const fronts = createFronts({
    hosts,
    onError,
    serve: async (id, request) => (state.apis.get(id) ? serveRequest : serveUrl)(id, request, await started.promise, options.onAccess),
    onMoved: (id, wanted, port) =>
      options.onLog?.(`port ${wanted} of ${state.apis.get(id)?.name ?? "a function URL"} is in use; it answers on ${port} now`),
  });
  const life = new AbortController();
  const faults = new Faults({ clock, fault: options.fault, onCall: options.onCall });
  const cloudflare = openCloudflare({ folder: join(folder, "cloudflare"), key, clock, faults, ...cloudflareOptions(options) });
  const region = openRegion(options, {
    state,
    fronts,
    clock,
    faults,
    cloudflare,
    life: life.signal,
    locate: (sha256, now) => codeLocation(control.url, key, sha256, now),
  });
  const close = async (): Promise<void> => {
    life.abort();
    await Promise.all([control.close(), fronts.closeAll(), cloudflare.close()]);
  };
  try {
    await openFronts(region);
    await cloudflare.openFronts();
    noteRunning(folder, control);
  } catch (error) {
    await close();
    throw error;
  }
  started.resolve(region);
  return {
    url: control.url,
    port: control.port,
    region: localRegion,
    ...key,
    apps: () => appsOf(state),
    cloudflare,
    workers: () => cloudflare.apps(),
    close,
  };
}

/** One cloud at a time writes a state. */
async function refuseSecond({ folder, port }: CloudOptions): Promise<void> {
  const running = await findCloud({ folder, port });
  if (running)
    throw new UserError("CLOUD_RUNNING", `a local cloud already runs on this state, at ${running.url}`, "Use that one, or stop it first.", {
      at: { file: folder },
    });
}

function cloudflareOptions(options: CloudOptions): Omit<CloudflareOptions, "folder" | "key" | "clock" | "faults"> {
  const { hosts = [], onAccess = () => {}, onWorkerLog = () => {}, onLog = () => {}, onError = () => {}, pace = {} } = options;
  const propagation = (): number => Math.random() * (pace.propagation ?? 0);
  return { hosts, onAccess, onWorkerLog, onLog, onError, propagation, limitsRate: pace.rates ?? false, ...options.cloudflare };
}

/** Everything that operations use, on the folder of `options`. */
function openRegion(
  { folder, runtime, delay, pace }: CloudOptions,
  {
    locate,
    ...parts
  }: Pick<Region, "state" | "fronts" | "clock" | "faults" | "cloudflare" | "life"> & { locate(codeSha256: string, now: number): string },
): Region {
  const { state, clock } = parts;
  return {
    ...{ ...parts, runtime },
    pace: { ...instantPace, ...(delay !== undefined && { function: delay, deployment: delay }), ...pace },
    rates: new Rates(clock),
    changing: new Set(),
    code: openCodeStore(folder, usedCode(state)),
    blobs: openBlobStore(folder, new Set(state.objects.all().map(({ body }) => body))),
    logs: openLogs(folder, state),
    running: new Map(),
    codeLocation: (codeSha256) => locate(codeSha256, clock.now()),
  };
}

/** Streams whose group is gone, as a kill in the middle of DeleteLogGroup leaves them, go too. */
function openLogs(folder: string, { logGroups }: State): LogStore {
  const logs = new LogStore(folder);
  for (const group of logs.groups()) if (!logGroups.get(group)) logs.removeGroup(group);
  return logs;
}

function usedCode({ functions }: State): ReadonlySet<string> {
  const versions = functions
    .all()
    .flatMap((record) => [record.latest, ...record.versions, ...(record.update ? [record.update.serving] : [])]);
  return new Set(versions.map(({ codeSha256 }) => codeSha256));
}

/** A port that had to move is remembered, so that it moves once. */
async function openFronts({ state, fronts }: Region): Promise<void> {
  for (const api of state.apis.all()) {
    const port = await fronts.open(api.apiId, api.port);
    if (port !== api.port) state.apis.put(api.apiId, { ...api, port });
  }
  for (const { name, urls } of state.functions.all()) {
    for (const [qualifier, url] of Object.entries(urls)) {
      const port = await fronts.open(url.urlId, url.port);
      const record = state.functions.get(name);
      if (record && port !== url.port) state.functions.put(name, { ...record, urls: { ...record.urls, [qualifier]: { ...url, port } } });
    }
  }
}

/** A hint for findCloud, so that a cloud on another port than the usual one is found too. */
function noteRunning(folder: string, { port }: Listener): void {
  const file = join(folder, "running.json");
  writeFileSync(`${file}.tmp`, `${JSON.stringify({ schemaVersion: 1, port })}\n`);
  renameSync(`${file}.tmp`, file);
}

function appsOf(state: State): readonly CloudApp[] {
  const urls = state.functions
    .all()
    .flatMap(({ name, urls: all }) => Object.values(all).map(({ port }) => ({ name, url: `http://127.0.0.1:${port}/` })));
  const apis = state.apis.all().flatMap((api) =>
    childrenOf(state.stages, api.apiId).map(({ stageName }) => {
      const url = `http://127.0.0.1:${api.port}/`;
      return stageName === "$default" ? { name: api.name, url } : { name: api.name, stage: stageName, url: `${url}${stageName}/` };
    }),
  );
  return [...apis, ...urls];
}
