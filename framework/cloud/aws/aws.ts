/** The local AWS: its state on disk, its services, and the listeners of deployed APIs and function URLs. */
import { join } from "node:path";
import { ItemStore } from "../../emulation/dynamodb/item-store.ts";
import { ObjectStore } from "../../emulation/s3/object-store.ts";
import type { LambdaRuntime } from "../../emulation/lambda/invocation.ts";
import type { AccessRecord } from "../../http/access-log.ts";
import type { HttpRequest, HttpResponse } from "../../model/http-message.ts";
import type { AccessKey } from "../access-key.ts";
import type { Clock } from "../clock.ts";
import type { FaultInjector } from "../fault-injector.ts";
import type { LatencyProfile } from "../latency-profile.ts";
import { createListeners, type Listeners } from "../listeners.ts";
import { serveRequest } from "./apigateway/data-plane.ts";
import { childrenOf } from "./apigateway/resources.ts";
import { account } from "./arn.ts";
import { type AwsApi, answerAws } from "./aws-api.ts";
import type { AwsBackends, Uses } from "./backends.ts";
import { openDeliveries } from "./deliveries.ts";
import { answerCodeDownload, createCodeUrl } from "./lambda/code-download.ts";
import { openCodeStore } from "./lambda/code-store.ts";
import { functionLog } from "./lambda/function-log.ts";
import { loadedFunction } from "./lambda/loaded-function.ts";
import { serveUrl } from "./lambda/url-data-plane.ts";
import { LogStore } from "./logs/log-store.ts";
import { createServices } from "./services.ts";
import { answerPage } from "./s3/service.ts";
import { openQueuePlane } from "./sqs/queue-plane.ts";
import { type AwsState, openState } from "./state.ts";
import { Throttle } from "./throttle.ts";

/** How to open it. */
export interface AwsOptions {
  /** `.portico/cloud` of the app. */
  readonly folder: string;
  readonly key: AccessKey;
  readonly clock: Clock;
  readonly faults: FaultInjector;
  readonly latency: LatencyProfile;
  readonly runtime: LambdaRuntime;
  readonly hosts: readonly string[];
  /** URL of the control port. */
  readonly controlUrl: string;
  readonly onAccess: (record: AccessRecord) => void;
  readonly onLog: (line: string) => void;
  readonly onError: (error: unknown) => void;
}

/** A deployed app's address. */
export interface AwsApp {
  /** The name of the API, or of the function with the URL. */
  readonly name: string;
  /** A named stage; its URL ends with it. */
  readonly stage?: string;
  readonly url: string;
}

/** Held open with the cloud. */
export interface Aws {
  /** Answers a request to the control port with AWS's signature, or the error of one without it. */
  answer(request: HttpRequest): Promise<HttpResponse>;
  /** Answers a request for deployed code, whose URL contains a token. */
  answerCodeDownload(target: string): HttpResponse;
  /** Answers a page that sends a form to a bucket of S3, or asks whether it may. */
  answerForm(request: HttpRequest): Promise<HttpResponse>;
  /** Opens the ports of everything that was deployed earlier. */
  openListeners(): Promise<void>;
  /** Begins to deliver messages of queues and of schedules. */
  startDeliveries(): void;
  apps(): readonly AwsApp[];
  close(): Promise<void>;
}

/** Reads the state. Throws UserError CLOUD_STATE when another version of Portico wrote it. */
export function openAws(options: AwsOptions): Aws {
  const { folder, key, clock, faults, latency, runtime } = options;
  const state = openState(folder);
  const code = openCodeStore(folder, usedCode(state));
  const logs = openLogs(folder, state);
  const { items, objects, closeData } = lazyData(folder, state);
  const { queuePlane, closeQueues } = openQueuePlane(folder, { queues: state.queues, clock });
  let isClosed = false;
  const logDestination = {
    roles: state.roles,
    logGroups: state.logGroups,
    logs,
    clock,
    isClosed: () => isClosed,
  };
  const loadFunction: AwsBackends["loadFunction"] = (name, version) =>
    loadedFunction(name, version, {
      code,
      log: functionLog(version, logDestination),
      secret: key.secretAccessKey,
      controlUrl: options.controlUrl,
    });
  const listeners = openDataPlane(options, { ...state, runtime, loadFunction, clock });
  const deliveries = openDeliveries({ ...state, queuePlane, runtime, loadFunction, clock }, options);
  const services = createServices(state, {
    clock,
    latency,
    listeners,
    runtime,
    code,
    objects,
    logs,
    items,
    queuePlane,
    events: deliveries.events,
    pollMapping: deliveries.pollMapping,
    queueUrl: (name) => new URL(`/${account}/${name}`, options.controlUrl).href,
    changingApis: new Set(),
    loadFunction,
    codeUrl: (codeSha256) => createCodeUrl(options.controlUrl, key, codeSha256, clock.now()),
    grantDelay: () => faults.grants,
  });
  const api: AwsApi = { key, clock, faults, throttle: latency.throttling ? new Throttle(clock) : undefined, services };
  return {
    answer: (request) => answerAws(request, api),
    answerForm: (request) => answerPage(request, api, { ...state, objects, clock, latency }),
    answerCodeDownload: (target) => answerCodeDownload(target, key, code, clock.now()),
    openListeners: () => openListeners({ ...state, listeners }),
    startDeliveries: () => deliveries.start(),
    apps: () => appsOf(state),
    async close() {
      isClosed = true;
      await deliveries.stop();
      closeQueues();
      await listeners.closeAll();
      closeData();
    },
  };
}

/** The listeners of APIs and function URLs, none of them open yet. */
function openDataPlane(
  { hosts, onAccess, onLog, onError }: AwsOptions,
  { apis, ...dataPlane }: Uses<"apis" | "stages" | "deployments" | "functions" | "runtime" | "loadFunction" | "clock">,
): Listeners {
  return createListeners({
    hosts,
    onError,
    serve: (id, request) => (apis.get(id) ? serveRequest : serveUrl)(id, request, dataPlane, onAccess),
    onMoved: (id, wanted, port) =>
      onLog(`port ${wanted} of ${apis.get(id)?.name ?? "a function URL"} is in use; it answers on ${port} now`),
  });
}

/** Removes the streams of missing groups: a kill in the middle of DeleteLogGroup leaves them behind. */
function openLogs(folder: string, { logGroups }: AwsState): LogStore {
  const logs = new LogStore(folder);
  for (const group of logs.groups()) if (!logGroups.get(group)) logs.removeGroup(group);
  return logs;
}

/**
 * Opens the files of items and of objects when they are first used. Removes the items of missing tables then: a kill in
 * the middle of DeleteTable leaves them behind.
 */
function lazyData(
  folder: string,
  { tables }: AwsState,
): Pick<AwsBackends, "items" | "objects"> & { readonly closeData: () => void } {
  let itemStore: ItemStore | undefined;
  let objectStore: ObjectStore | undefined;
  const openItems = (): ItemStore => {
    const opened = new ItemStore(join(folder, "dynamodb", "items.sqlite"));
    const ids = new Set(tables.all().map(({ id }) => id));
    for (const id of opened.tables()) if (!ids.has(id)) opened.removeTable(id);
    return opened;
  };
  return {
    items: () => (itemStore ??= openItems()),
    objects: () => (objectStore ??= new ObjectStore(join(folder, "s3", "objects.sqlite"))),
    closeData() {
      itemStore?.close();
      objectStore?.close();
    },
  };
}

function usedCode({ functions }: AwsState): ReadonlySet<string> {
  const versions = functions
    .all()
    .flatMap((record) => [record.latest, ...record.versions, ...(record.update ? [record.update.serving] : [])]);
  return new Set(versions.map(({ codeSha256 }) => codeSha256));
}

/** Stores a port that had to change, so that it changes once only. */
async function openListeners({ apis, functions, listeners }: Uses<"apis" | "functions" | "listeners">): Promise<void> {
  for (const api of apis.all()) {
    const port = await listeners.open(api.apiId, api.port);
    if (port !== api.port) apis.put(api.apiId, { ...api, port });
  }
  for (const { name, urls } of functions.all()) {
    for (const [qualifier, url] of Object.entries(urls)) {
      const port = await listeners.open(url.urlId, url.port);
      const record = functions.get(name);
      if (record && port !== url.port)
        functions.put(name, { ...record, urls: { ...record.urls, [qualifier]: { ...url, port } } });
    }
  }
}

function appsOf({ functions, apis, stages }: AwsState): readonly AwsApp[] {
  const urlApps = functions
    .all()
    .flatMap(({ name, urls }) => Object.values(urls).map(({ port }) => ({ name, url: `http://127.0.0.1:${port}/` })));
  const apiApps = apis.all().flatMap((api) =>
    childrenOf(stages, api.apiId).map(({ stageName }) => {
      const url = `http://127.0.0.1:${api.port}/`;
      return stageName === "$default"
        ? { name: api.name, url }
        : { name: api.name, stage: stageName, url: `${url}${stageName}/` };
    }),
  );
  return [...apiApps, ...urlApps];
}
