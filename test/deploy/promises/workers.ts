/** The row of Cloudflare Workers: the local Cloudflare with versions in this process, behind the deployer's client. */
import { appendFile, cp } from "node:fs/promises";
import { join } from "node:path";
import { toUserError } from "../../../deploy/workers/cloudflare-error.ts";
import { type Access, type Client, createClient } from "../../../deploy/workers/client.ts";
import { findQueues, type FoundQueues } from "../../../deploy/workers/job-queues.ts";
import { placeholderTag, scriptName } from "../../../deploy/workers/names.ts";
import { createWorkersPlatform } from "../../../deploy/workers/platform.ts";
import type { WorkersSource } from "../../../deploy/workers/run.ts";
import { readBuild } from "../../../deploy/workers/build.ts";
import { findStore } from "../../../deploy/workers/store-database.ts";
import { findScript, findVersion, listDeployments, listVersions } from "../../../deploy/workers/worker-reads.ts";
import type { Platform } from "../../../deploy/platform.ts";
import { buildApp } from "../../../framework/bundler/build.ts";
import { startCloud } from "../../../framework/cloud/cloud.ts";
import type { Fault } from "../../../framework/cloud/fault.ts";
import type { App } from "../../../framework/model/app.ts";
import { discoverJobs } from "../../../framework/routes/job-discovery.ts";
import { discoverAssets } from "../../../framework/routes/static-files.ts";
import { discoverRoutes } from "../../../framework/routes/route-discovery.ts";
import { defaultApp } from "../../config/default-app.ts";
import type { BusyClock } from "../busy-clock.ts";
import { inProcess } from "./in-process-workers.ts";
import {
  type Sample,
  type ApiCall,
  type CloudState,
  type InjectedFault,
  isWrite,
  keep,
  type Process,
  type Row,
} from "./row.ts";

const owner = { app: "promise", stage: "local" };
const account = "0".repeat(32);
const script = scriptName(owner);

const appOf = (root: string, { env, jobs }: Sample): App => {
  const names = { name: owner.app, stage: owner.stage, targets: ["workers"] as const };
  return defaultApp(root, { ...names, env, keep, ...(jobs && { jobs, clock: true }) });
};

const appIn = (folder: string): string => join(folder, "app");

/** Refusals as the API words them. */
function toFault(injected: InjectedFault | undefined, call: ApiCall): Fault | undefined {
  if (injected === undefined || injected === "role") return undefined;
  if (injected === "reset" || injected === "lose") return { kind: injected };
  const refuse = (status: number, code: number, headers = {}): Fault => ({
    kind: "refuse",
    status,
    code: String(code),
    message: "injected",
    headers,
  });
  if (injected === "throttle") return refuse(429, 971, { "retry-after": "1" });
  if (injected === "broken") return refuse(500, 10_013);
  return isWrite(call) ? refuse(409, 10_035) : undefined;
}

async function toPlatform(access: Access, clock: BusyClock, { transport, build }: Process): Promise<Platform> {
  const client = createClient(access, { clock, transport });
  const source: WorkersSource | undefined = build && {
    build: await readBuild(build.folder, appIn(build.folder)),
    values: async () => ({ env: build.sample.env }),
  };
  return createWorkersPlatform({ client, owner, keep, ...(source && { source }) });
}

/** Whose they are and what calls them, without ids. */
const toQueueState = (found: FoundQueues | undefined): unknown =>
  found && {
    state: found.state,
    isThere: [found.id !== undefined, found.deadId !== undefined],
    concurrency: found.consumer?.concurrency,
    hasClock: found.hasClock,
  };

/** Versions by what their tags and bindings say, and what the live deployment gives each of them. */
async function readState(client: Client): Promise<CloudState & { readonly versions: readonly string[] }> {
  const [store, queues, worker, versions, [live]] = await Promise.all([
    findStore(client, owner),
    findQueues(client, owner),
    findScript(client, script),
    listVersions(client, script),
    listDeployments(client, script),
  ]);
  const tags = new Map(versions.map(({ id, annotations }) => [id, annotations?.["workers/tag"] ?? "no tag"]));
  const details = await Promise.all(versions.map(({ id }) => findVersion(client, script, id)));
  const { tags: ownerTags, observability, subdomain, references } = worker ?? {};
  return {
    store: store?.state,
    queues: toQueueState(queues),
    worker: worker && { tags: ownerTags, observability, workersDev: subdomain?.enabled, domains: references?.domains },
    versions: [...tags.values()].toSorted(),
    bindings: details
      .map((one) => (one?.bindings ?? []).map(({ name, type, text }) => [name, type, text]))
      .toSorted(byText),
    shares: live?.versions.map(({ version_id, percentage }) => [tags.get(version_id), percentage]),
  };
}

const byText = (one: unknown, other: unknown): number => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);

/** Versions without traffic cost nothing and stay; a twin of one, or a candidate's place, is left over. */
async function findOrphans(client: Client): Promise<readonly string[]> {
  const { versions } = await readState(client);
  const { leftovers } = await createWorkersPlatform({ client, owner, keep }).observe();
  const twins = versions
    .filter((tag, at) => versions.indexOf(tag) !== at && tag !== placeholderTag)
    .map((tag) => `twin: ${tag}`);
  return [...leftovers.map(({ kind, name }) => `${kind} ${name}`), ...twins];
}

/** The placeholder before a first release is nothing that is live. */
async function isReleased(client: Client): Promise<boolean> {
  const [[live], versions] = await Promise.all([listDeployments(client, script), listVersions(client, script)]);
  const main = live?.versions.find(({ percentage }) => percentage > 0)?.version_id;
  const tag = versions.find(({ id }) => id === main)?.annotations?.["workers/tag"];
  return main !== undefined && tag !== placeholderTag;
}

export const workers: Row = {
  name: "Cloudflare Workers",
  switchCall: "createDeployment",
  placeCall: "uploadScript",
  // A release is a version: going back to what an earlier one was makes one too.
  publishCall: undefined,
  recordService: undefined,
  // 1,200 calls in five minutes, as many at once as one likes (API docs, "Rate limits").
  rateLimitedDuration: (calls) => Math.max(0, Math.floor((calls.length - 1) / 1200)) * 300_000,
  leases: false,
  splits: true,
  maxRoundTrips: { change: 10, nothing: 6, rollback: 4 },
  notStarted: /^a route of release 2 did not start: \/old \(functions\/old\.ts\): Error: not at start$/,
  sample: 1,
  async build(sample, root, out) {
    const app = appOf(root, sample);
    const [routes, assets, jobs] = await Promise.all([
      discoverRoutes(root),
      discoverAssets(root, app.assets, app),
      discoverJobs(app),
    ]);
    await buildApp({ app, routes, assets, jobs, target: "workers", out, warn: () => undefined });
    // Static files are uploaded from the app's own folder, and the next sample takes its place.
    await cp(root, appIn(out), { recursive: true });
  },
  async corruptBuild(folder) {
    await appendFile(join(folder, "functions/old.js"), "// another build\n");
    return "BUILD_CHANGED";
  },
  async open({ folder, clock, fault, propagation = 0 }) {
    const failures: unknown[] = [];
    // What looks from outside is not a run's, and is not to meet its weather.
    let looking = 0;
    const cloud = await startCloud({
      folder,
      port: 0,
      clock,
      latency: { propagation },
      onError: (error: unknown) => failures.push(error),
      runtime: {
        invoke: () => Promise.reject(new Error("no Lambda here")),
        retire: () => undefined,
        close: () => Promise.resolve(),
      },
      cloudflare: inProcess,
      fault: (call) => (looking > 0 ? undefined : toFault(fault?.(call), call)),
    });
    const access = { endpoint: `${cloud.url}/client/v4`, account, token: cloud.secretAccessKey };
    const look = async <T>(read: (client: Client) => Promise<T>): Promise<T> => {
      looking += 1;
      try {
        return await read(createClient(access));
      } finally {
        looking -= 1;
      }
    };
    return {
      platform: (process) => toPlatform(access, clock, process),
      // Of this script's name and this key the place is 99.7 of 100 (docs: version affinity; which place it is, is not
      // documented).
      visitor: { "cloudflare-workers-version-key": "visitor-44" },
      state: () => look(readState),
      orphans: () => look(findOrphans),
      url: async () =>
        (await look(isReleased))
          ? cloud.workers().find(({ name, answers }) => name === script && answers)?.url
          : undefined,
      toCommandError: (error) => toUserError(error, "Cloudflare"),
      async close() {
        await cloud.close();
        if (failures.length) throw new AggregateError(failures, "the local cloud failed");
      },
    };
  },
};
