/** The rows of AWS Lambda, one for each front: the local AWS behind the real SDK, with functions in this process. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Access, createClients } from "../../../deploy/lambda/clients.ts";
import { createLambdaPlatform } from "../../../deploy/lambda/platform.ts";
import type { Owner } from "../../../deploy/parts.ts";
import type { LambdaSource } from "../../../deploy/lambda/target.ts";
import { awsRates, limitOf } from "../../../deploy/lambda/rate-limiter.ts";
import { readBuild } from "../../../deploy/lambda/build.ts";
import { buildApp } from "../../../framework/bundler/build.ts";
import { startCloud } from "../../../framework/cloud/cloud.ts";
import type { Fault } from "../../../framework/cloud/fault.ts";
import type { App, LambdaFront } from "../../../framework/model/app.ts";
import { discoverJobs } from "../../../framework/routes/job-discovery.ts";
import { discoverAssets } from "../../../framework/routes/static-files.ts";
import { discoverRoutes } from "../../../framework/routes/route-discovery.ts";
import { defaultApp } from "../../config/default-app.ts";
import { sendSigned } from "../../cloud/aws/signed.ts";
import { createInProcessRuntime } from "./in-process-runtime.ts";
import { lambdaOrphans, readLambdaState } from "./lambda-state.ts";
import type { Platform } from "../../../deploy/platform.ts";
import type { BusyClock } from "../busy-clock.ts";
import { type Sample, type ApiCall, type InjectedFault, isWrite, keep, type Process, type Row } from "./row.ts";

const owner = { app: "promise", stage: "local" };
const account = "000000000000";

const appOf = (front: LambdaFront, root: string, { env, allowed, jobs }: Sample): App =>
  defaultApp(root, {
    name: owner.app,
    stage: owner.stage,
    group: front === "function-url" ? "app" : "route",
    env,
    keep,
    ...(jobs && { jobs, clock: true }),
    lambda: {
      front,
      architecture: "arm64",
      logRetention: 30,
      policies: allowed.map((word) => ({
        Effect: "Allow",
        Action: "s3:GetObject",
        Resource: `arn:aws:s3:::promise/${word}`,
      })),
    },
  });

/** Refusals as the services word them; one that a service does not make is not injected there. */
function toFault(injected: InjectedFault | undefined, { service, operation }: ApiCall): Fault | undefined {
  if (injected === undefined) return undefined;
  if (injected === "reset" || injected === "lose") return { kind: injected };
  const refuse = (status: number, code: string): Fault => ({ kind: "refuse", status, code, message: "injected" });
  if (injected === "throttle")
    return service === "s3" ? refuse(503, "SlowDown") : refuse(429, "TooManyRequestsException");
  if (injected === "broken") return refuse(500, service === "s3" ? "InternalError" : "ServiceException");
  // "The role defined for the function cannot be assumed by Lambda."
  if (injected === "role" && operation === "CreateFunction") return refuse(400, "InvalidParameterValueException");
  if (injected === "role") return undefined;
  // A version is Pending while it is made, and when it was idle.
  if (!isWrite({ service, operation }) && !operation.startsWith("Invoke")) return undefined;
  if (service === "lambda") return refuse(409, "ResourceConflictException");
  if (service === "apigateway") return refuse(409, "ConflictException");
  return undefined;
}

/** Where an app is released to, and whose it is there. */
export interface Place {
  readonly front: LambdaFront;
  readonly access: Access;
  readonly account: string;
  /** In place of the owner that builds name. */
  readonly owner: Owner;
  readonly clock: BusyClock;
}

export async function toPlatform(
  { front, access, account, owner: { app, stage }, clock }: Place,
  { transport, lockOwner, build, only, paced = false }: Process,
): Promise<Platform> {
  const clients = createClients(access, { clock, transport, ...(paced && { rates: awsRates }) });
  const read = build && (await readBuild(build.folder));
  const source: LambdaSource | undefined = build && {
    build: { ...read!, manifest: { ...read!.manifest, app: { ...read!.manifest.app, name: app, stage } } },
    values: async () => ({ env: build.sample.env, secretVersions: {} }),
    ...(only !== undefined && { only }),
  };
  return createLambdaPlatform(front, {
    clients,
    owner: { app, stage },
    account,
    keep,
    lockOwner,
    ...(source && { source }),
  });
}

const row = (name: string, front: LambdaFront): Row => ({
  name,
  switchCall: front === "function-url" ? "UpdateAlias" : "UpdateStage",
  publishCall: "PublishVersion",
  recordService: "s3",
  rateLimitedDuration(calls) {
    const counts = Map.groupBy(calls, limitOf);
    return Math.max(...[...counts].map(([limit, { length }]) => (limit ? (length * 1000) / awsRates[limit] : 0)));
  },
  leases: true,
  splits: false,
  maxRoundTrips: { change: 26, nothing: 6, rollback: 8 },
  notStarted:
    /^version \d+ of the function \S+ \(functions\/.*old\.ts.*\) does not start correctly: Error: not at start$/,
  sample: 3,
  async build(sample, root, out) {
    const app = appOf(front, root, sample);
    const [routes, assets, jobs] = await Promise.all([
      discoverRoutes(root),
      discoverAssets(root, app.assets, app),
      discoverJobs(app),
    ]);
    await buildApp({ app, routes, assets, jobs, target: "lambda", out });
  },
  async corruptBuild(folder) {
    const file = join(folder, "manifest.json");
    const manifest = JSON.parse(await readFile(file, "utf8")) as { functions: { hash: string }[] };
    for (const fn of manifest.functions) fn.hash = "0".repeat(fn.hash.length);
    await writeFile(file, JSON.stringify(manifest));
    return "PROBE_FAILED";
  },
  async open({ folder, clock, fault, delay = 0, propagation = 0, grants = 0 }) {
    const runtime = createInProcessRuntime();
    const failures: unknown[] = [];
    const cloud = await startCloud({
      folder,
      port: 0,
      runtime,
      clock,
      delay,
      latency: { propagation },
      onError: (error: unknown) => failures.push(error),
      fault: (call) => toFault(fault?.(call), call),
    });
    if (grants > 0) await sendSigned(cloud, "portico", "PUT", "/portico/faults", JSON.stringify({ grants }));
    const access = { endpoint: cloud.url, region: cloud.region, credentials: cloud };
    return {
      platform: (process) => toPlatform({ front, access, account, owner, clock }, process),
      state: () => readLambdaState(createClients(access), owner, account),
      orphans: async () => lambdaOrphans(await readLambdaState(createClients(access), owner, account)),
      url: async () =>
        cloud.apps().find(({ name, stage }) => /^promise--local(--app-\w+)?$/.test(name) && stage === undefined)?.url,
      async close() {
        await cloud.close();
        await runtime.close();
        if (failures.length) throw new AggregateError(failures, "the local cloud failed");
      },
    };
  },
});

export const lambda: Row = row("AWS Lambda", "http-api");
export const lambdaUrl: Row = row("AWS Lambda behind a function URL", "function-url");
