/** The local cloud: one server that speaks the APIs of AWS and Cloudflare, and runs what is deployed to it. */
import { join } from "node:path";
import type { LogLine } from "../model/invocation.ts";
import { UserError } from "../model/user-error.ts";
import type { AccessRecord } from "../http/access-log.ts";
import type { LambdaRuntime } from "../emulation/lambda/invocation.ts";
import { listen } from "../http/loopback-server.ts";
import { readOrCreateAccessKey } from "./access-key.ts";
import { localRegion } from "./aws/arn.ts";
import { type AwsApp, openAws } from "./aws/aws.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Cloudflare, type CloudflareOptions, openCloudflare, type WorkerApp } from "./cloudflare/cloudflare.ts";
import { answerControl } from "./control-api.ts";
import { type FaultHook, FaultInjector, type ServiceCall } from "./fault-injector.ts";
import { instantProfile, type LatencyProfile } from "./latency-profile.ts";
import { findRunningCloud, recordRunningCloud } from "./running-cloud.ts";

/** Largest request body of the control port, in bytes. Each service has a lower limit with an error of its own. */
const maxBody = 80 * 1024 * 1024;

/**
 * Milliseconds that a connection to it may idle: longer than the store of a function keeps one, so that a frozen
 * function does not find its connection closed.
 */
const keepAliveMs = 60_000;

/** How to start it. */
export interface CloudOptions {
  /** `.portico/cloud` of the app; created when missing. */
  readonly folder: string;
  /** Port of the control APIs; 0 takes a free one. */
  readonly port: number;
  /** The caller closes it, after the cloud. */
  readonly runtime: LambdaRuntime;
  /** Host names besides the loopback ones, from `--host`. */
  readonly hosts?: readonly string[];
  /** Gets every request to a deployed app, once it is answered. */
  readonly onAccess?: (access: AccessRecord) => void;
  /** Gets a line for the user, such as that a port has changed. */
  readonly onLog?: (line: string) => void;
  /** Gets failures inside the cloud itself; the client gets a bare 500. */
  readonly onError?: (error: unknown) => void;
  /** Milliseconds that functions and deployments stay Pending or in progress. Default that of `latency`. */
  readonly delay?: number;
  /** Differences from `instantProfile`. */
  readonly latency?: Partial<LatencyProfile>;
  /** For everything that is dated, waits or expires. Default the machine's. */
  readonly clock?: Clock;
  /** Chooses the fault of a call, before the rules that were set over the control port. */
  readonly fault?: FaultHook;
  /** Differences from the defaults of the local Cloudflare. */
  readonly cloudflare?: Partial<
    Pick<
      CloudflareOptions,
      "plan" | "propagation" | "random" | "cpuMs" | "startVersion" | "startStorage" | "uploadCheck"
    >
  >;
  /** Gets the output of deployed Workers. */
  readonly onWorkerLog?: (line: LogLine) => void;
  /** Gets every verified call, before it takes effect. */
  readonly onCall?: (call: ServiceCall) => void;
  /** False for one that delivers no messages of queues and schedules before `startDeliveries`. */
  readonly delivers?: boolean;
}

/** A running local cloud. */
export interface Cloud {
  /** `http://127.0.0.1:PORT`: the endpoint of every client. */
  readonly url: string;
  readonly port: number;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Deployed apps of AWS. */
  apps(): readonly AwsApp[];
  readonly cloudflare: Cloudflare;
  workers(): readonly WorkerApp[];
  startDeliveries(): void;
  /** Stops answering. The state stays on disk, and the runtime stays open. */
  close(): Promise<void>;
}

/** Starts a local cloud. Rejects with UserError: PORT_IN_USE, CLOUD_RUNNING, CLOUD_KEY, CLOUD_STATE. */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { folder, port, hosts = [], clock = systemClock } = options;
  const { onAccess = ignore, onLog = ignore, onWorkerLog = ignore, onError = ignore } = options;
  const key = readOrCreateAccessKey(folder);
  await refuseSecond({ folder, port });
  // Requests wait until both clouds are ready.
  const started = Promise.withResolvers<void>();
  const control = await listen({
    port,
    hosts,
    maxBody,
    keepAliveMs,
    handle: async (request) => {
      await started.promise;
      return answerControl(request, key, { aws, cloudflare });
    },
    upgrade: (message, socket, head) => cloudflare.upgrade(message, socket, head),
    onError,
  });
  const latency = profileOf(options);
  const faults = new FaultInjector({ clock, fault: options.fault, onCall: options.onCall });
  const shared = { key, clock, faults, hosts, onAccess, onLog, onError };
  const cloudflare = openCloudflare({
    ...shared,
    folder: join(folder, "cloudflare"),
    onWorkerLog,
    propagation: () => Math.random() * latency.propagation,
    limitsRate: latency.throttling,
    ...options.cloudflare,
  });
  const { runtime } = options;
  const aws = openAws({ ...shared, folder, latency, runtime, controlUrl: control.url });
  const close = async (): Promise<void> => {
    await Promise.all([aws.close(), cloudflare.close()]);
    // Closed last: once the port is free, another cloud may start on the same state.
    await control.close();
  };
  try {
    await aws.openListeners();
    await cloudflare.openListeners();
    recordRunningCloud(folder, control.port);
  } catch (error) {
    await close();
    throw error;
  }
  const startDeliveries = (): void => {
    aws.startDeliveries();
    cloudflare.startDeliveries();
  };
  if (options.delivers !== false) startDeliveries();
  started.resolve();
  const { url } = control;
  const [apps, workers] = [aws.apps, cloudflare.apps];
  return { url, port: control.port, region: localRegion, ...key, apps, cloudflare, workers, startDeliveries, close };
}

const ignore = (): void => {};

function profileOf({ delay, latency }: CloudOptions): LatencyProfile {
  return { ...instantProfile, ...(delay !== undefined && { function: delay, deployment: delay }), ...latency };
}

/** Only one cloud at a time may write a state. */
async function refuseSecond(options: { readonly folder: string; readonly port: number }): Promise<void> {
  const running = await findRunningCloud(options);
  if (!running) return;
  throw new UserError(
    "CLOUD_RUNNING",
    `a local cloud already runs on this state, at ${running.url}`,
    "Use that one, or stop it with Ctrl-C where it runs.",
    { at: { file: options.folder } },
  );
}
