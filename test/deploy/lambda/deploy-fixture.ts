/** A small app with a real build, a local cloud in this process and a recording proxy: a deploy to AWS for tests. */
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Clients, createClients } from "../../../deploy/lambda/clients.ts";
import { createLockOwner } from "../../../deploy/lock-owner.ts";
import type { ClientOptions } from "../../../deploy/lambda/clients.ts";
import type { LambdaDesiredState } from "../../../deploy/lambda/desired-state.ts";
import type { LambdaFunction } from "../../../deploy/lambda/lambda-function.ts";
import { toDesiredState } from "../../../deploy/lambda/desired-state.ts";
import { createLambdaPlatform } from "../../../deploy/lambda/platform.ts";
import type { LambdaSource } from "../../../deploy/lambda/target.ts";
import { readBuild } from "../../../deploy/lambda/build.ts";
import type { Platform } from "../../../deploy/platform.ts";
import { type Plan, planText } from "../../../deploy/plan.ts";
import { release, type ReleaseResult } from "../../../deploy/release.ts";
import { buildApp } from "../../../framework/bundler/build.ts";
import { startCloud } from "../../../framework/cloud/cloud.ts";
import { createLambdaRuntime } from "../../../framework/emulation/lambda/runtime.ts";
import type { App } from "../../../framework/model/app.ts";
import { discoverAssets } from "../../../framework/routes/static-files.ts";
import { discoverJobs } from "../../../framework/routes/job-discovery.ts";
import { discoverRoutes } from "../../../framework/routes/route-discovery.ts";
import { defaultApp } from "../../config/default-app.ts";
import { openRecordingProxy, type RecordedCall } from "../recording-proxy.ts";
import { patient } from "../../emulation/lambda/patient.ts";

export type { RecordedCall } from "../recording-proxy.ts";

/** True for what changes something: some services' reads are POSTs too, and say what they are. */
export const isWrite = ({ method, path, target, body }: RecordedCall): boolean =>
  !/^(GET|HEAD)$/.test(method) &&
  !/^Action=(Get|List)|&Action=(Get|List)/.test(body) &&
  !/\.(Get|List|Describe|Filter)/.test(target) &&
  !/\/invocations(\?|$)/.test(path);

/** What a test may vary of a deploy. */
export interface DeployOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly secretVersions?: Readonly<Record<string, number>>;
  readonly app?: Partial<App>;
  readonly message?: string;
  readonly only?: string;
  readonly expected?: readonly Plan[];
  /** Another way to the cloud: a clock, a transport that fails. */
  readonly client?: ClientOptions;
}

/** One app on one cloud. */
export interface DeployFixture {
  readonly root: string;
  /** Writes a file of the app; undefined removes it. */
  write(file: string, text: string | undefined): Promise<void>;
  draft(options?: DeployOptions): Promise<LambdaDesiredState>;
  /** A platform for one run; built anew unless `isBuilt` is false, which leaves it without a source. */
  platform(options?: DeployOptions, isBuilt?: boolean): Promise<Platform<LambdaFunction>>;
  deploy(options?: DeployOptions): Promise<ReleaseResult & { readonly plan: Plan; readonly text: string }>;
  /** Calls since the last look. */
  takeCalls(): readonly RecordedCall[];
  readonly clients: Clients;
  close(): Promise<void>;
}

/** Where the local cloud is. */
export const place = { account: "000000000000", region: "us-east-1" };

const defaults = (root: string): App =>
  defaultApp(root, { name: "road", smoke: [{ path: "/", status: 200 }], keep: 3 });

/** Opens it with two routes; `delay` keeps functions and deployments in between for so many milliseconds. */
export async function openDeployFixture(delay = 0): Promise<DeployFixture> {
  const root = await mkdtemp(join(tmpdir(), "portico-road-"));
  const runtime = createLambdaRuntime({ ...patient, onLog: () => undefined });
  const failures: unknown[] = [];
  const cloud = await startCloud({
    folder: join(root, ".portico", "cloud"),
    port: 0,
    runtime,
    delay,
    onError: (error) => failures.push(error),
  });
  const recorder = await openRecordingProxy(cloud.port);
  const access = { endpoint: recorder.url, region: cloud.region, credentials: cloud };
  const clients = createClients(access);
  const out = join(root, ".portico", "build", "lambda");
  const write: DeployFixture["write"] = async (file, text) => {
    const path = join(root, file);
    if (text === undefined) return rm(path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  };
  const built = async ({ env = {}, secretVersions = {}, app: change = {} }: DeployOptions) => {
    const app = { ...defaults(root), ...change };
    const [routes, assets, jobs] = await Promise.all([
      discoverRoutes(root),
      discoverAssets(root, app.assets, app),
      discoverJobs(app),
    ]);
    await buildApp({ app, routes, assets, jobs, target: "lambda", out });
    return { env, secretVersions, app };
  };
  const platform: DeployFixture["platform"] = async (options = {}, isBuilt = true) => {
    const { env, secretVersions, app } = isBuilt
      ? await built(options)
      : { ...options, app: { ...defaults(root), ...options.app } };
    const source: LambdaSource | undefined = isBuilt
      ? {
          build: await readBuild(out),
          values: async () => ({ env: env ?? {}, secretVersions: secretVersions ?? {} }),
          ...(options.only !== undefined && { only: options.only }),
        }
      : undefined;
    return createLambdaPlatform(app.lambda.front, {
      clients: options.client ? createClients(access, options.client) : clients,
      owner: { app: app.name, stage: app.stage },
      account: "000000000000",
      keep: app.keep,
      lockOwner: createLockOwner(join(root, ".portico"), "tester@here"),
      ...(source && { source }),
    });
  };
  await write("functions/index.ts", page("home"));
  await write("functions/users/[id].ts", page("user"));
  return {
    root,
    write,
    platform,
    async draft(options = {}) {
      const { env, secretVersions } = await built(options);
      return toDesiredState(await readBuild(out), { env, secretVersions }, { releases: [] }, place);
    },
    async deploy(options = {}) {
      const { smoke, keep } = { ...defaults(root), ...options.app };
      let text = "";
      const [released] = await release({
        clouds: [await platform(options)],
        smoke,
        keep,
        now: () => (options.client?.clock ?? clients.clock).now(),
        ...(options.message !== undefined && { message: options.message }),
        ...(options.expected && { expected: options.expected }),
        onPlans: async (plans) => {
          text = plans.map(planText).join("\n");
        },
        onProgress: () => undefined,
        checkpoint: () => undefined,
      });
      return { ...released!, text };
    },
    takeCalls: recorder.take,
    clients,
    async close() {
      await recorder.close();
      await cloud.close();
      await runtime.close();
      await rm(root, { recursive: true, force: true });
      if (failures.length) throw new AggregateError(failures, "the local cloud failed");
    },
  };
}

/** A route that says its word. */
export const page = (word: string): string => `export const GET = () => new Response(${JSON.stringify(word)});\n`;
