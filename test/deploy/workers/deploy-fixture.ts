/**
 * A small app with a real build, a local cloud in this process and a recording proxy: a deploy to Workers for tests.
 */
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Access, type Client, type ClientOptions, createClient } from "../../../deploy/workers/client.ts";
import {
  toDesiredState,
  type ConfiguredValues,
  type WorkersDesiredState,
} from "../../../deploy/workers/desired-state.ts";
import { createWorkersPlatform } from "../../../deploy/workers/platform.ts";
import { readBuild } from "../../../deploy/workers/build.ts";
import type { DesiredFunction, Platform } from "../../../deploy/platform.ts";
import { type Plan, planText } from "../../../deploy/plan.ts";
import { release, type ReleaseResult } from "../../../deploy/release.ts";
import { buildApp } from "../../../framework/bundler/build.ts";
import { type CloudOptions, startCloud } from "../../../framework/cloud/cloud.ts";
import type { App } from "../../../framework/model/app.ts";
import { discoverAssets } from "../../../framework/routes/static-files.ts";
import { discoverJobs } from "../../../framework/routes/job-discovery.ts";
import { discoverRoutes } from "../../../framework/routes/route-discovery.ts";
import { defaultApp } from "../../config/default-app.ts";
import { openRecordingProxy, type RecordedCall } from "../recording-proxy.ts";

/** The one account of the local Cloudflare. */
export const account = "0".repeat(32);

/** True for what changes something. */
export const isWrite = ({ method }: RecordedCall): boolean => method !== "GET";

/** What a test may vary of a deploy. */
export interface DeployOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Secrets that are uploaded with the release, as at stage local; absent where Cloudflare keeps them. */
  readonly secrets?: ConfiguredValues["secrets"];
  readonly app?: Partial<App>;
  readonly message?: string;
  /** Percent of the traffic that it gets at first. */
  readonly canary?: number;
  readonly expected?: readonly Plan[];
  /** Another way to the cloud: a clock, a transport that fails. */
  readonly client?: ClientOptions;
}

/** One app on one cloud. */
export interface DeployFixture {
  readonly root: string;
  /** Writes a file of the app; undefined removes it. */
  write(file: string, text: string | undefined): Promise<void>;
  draft(options?: DeployOptions): Promise<WorkersDesiredState>;
  /** A platform for one run; built anew unless `isBuilt` is false, which leaves it without a source. */
  platform(options?: DeployOptions, isBuilt?: boolean): Promise<Platform<DesiredFunction>>;
  deploy(options?: DeployOptions): Promise<ReleaseResult & { readonly plan: Plan; readonly text: string }>;
  /** What the Worker was asked since the last look, by whomever: `GET /path`. */
  takeAsked(): readonly string[];
  /** Calls since the last look. */
  takeCalls(): readonly RecordedCall[];
  readonly client: Client;
  /** Of clients that a test makes itself. */
  readonly access: Access;
  close(): Promise<void>;
}

const defaults = (root: string): App =>
  defaultApp(root, { name: "road", targets: ["workers"], smoke: [{ path: "/", status: 200 }], keep: 3 });

/** Opens it with two routes. */
export async function openDeployFixture(cloudflare: CloudOptions["cloudflare"] = {}): Promise<DeployFixture> {
  const root = await mkdtemp(join(tmpdir(), "portico-edge-road-"));
  const failures: unknown[] = [];
  const asked: string[] = [];
  const cloud = await startCloud({
    folder: join(root, ".portico", "cloud"),
    port: 0,
    runtime: {
      invoke: () => Promise.reject(new Error("no Lambda here")),
      retire: () => undefined,
      close: () => Promise.resolve(),
    },
    cloudflare,
    onAccess: ({ method, target }) => void asked.push(`${method} ${target}`),
    onError: (error) => failures.push(error),
  });
  const recorder = await openRecordingProxy(cloud.port);
  const access = { endpoint: `${recorder.url}/client/v4`, account, token: cloud.secretAccessKey };
  const client = createClient(access);
  const out = join(root, ".portico", "build", "workers");
  const write: DeployFixture["write"] = async (file, text) => {
    const path = join(root, file);
    if (text === undefined) return rm(path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  };
  const appOf = ({ env, app = {} }: DeployOptions): App => ({ ...defaults(root), ...(env && { env }), ...app });
  const build = async (options: DeployOptions) => {
    const app = appOf(options);
    const [routes, assets, jobs] = await Promise.all([
      discoverRoutes(root),
      discoverAssets(root, app.assets, app),
      discoverJobs(app),
    ]);
    await buildApp({ app, routes, assets, jobs, target: "workers", out, warn: () => undefined });
    return readBuild(out, root);
  };
  const valuesOf = (options: DeployOptions): ConfiguredValues => ({
    env: appOf(options).env,
    ...(options.secrets && { secrets: options.secrets }),
  });
  const platform: DeployFixture["platform"] = async (options = {}, isBuilt = true) => {
    const app = appOf(options);
    return createWorkersPlatform({
      client: options.client ? createClient(access, options.client) : client,
      owner: { app: app.name, stage: app.stage },
      keep: app.keep,
      ...(isBuilt && { source: { build: await build(options), values: async () => valuesOf(options) } }),
    });
  };
  await write("functions/index.ts", page("home"));
  await write("functions/users/[id].ts", page("user"));
  return {
    root,
    write,
    platform,
    async draft(options = {}) {
      return toDesiredState(await build(options), valuesOf(options), { names: [] }, { releases: [], parts: [] });
    },
    async deploy(options = {}) {
      const { smoke, keep } = appOf(options);
      const { clock } = options.client?.clock ? { clock: options.client.clock } : client;
      let text = "";
      const [released] = await release({
        clouds: [await platform(options)],
        smoke,
        keep,
        now: () => clock.now(),
        sleep: (time) => clock.sleep(time),
        ...(options.message !== undefined && { message: options.message }),
        ...(options.canary !== undefined && { canary: options.canary }),
        ...(options.expected && { expected: options.expected }),
        onPlans: async (plans) => {
          text = plans.map(planText).join("\n");
        },
        onProgress: () => undefined,
        checkpoint: () => undefined,
      });
      return { ...released!, text };
    },
    takeAsked: () => asked.splice(0),
    takeCalls: recorder.take,
    client,
    access,
    async close() {
      await recorder.close();
      await cloud.close();
      await rm(root, { recursive: true, force: true });
      if (failures.length) throw new AggregateError(failures, "the local cloud failed");
    },
  };
}

/** A route that says its word. */
export const page = (word: string): string => `export const GET = () => new Response(${JSON.stringify(word)});\n`;
