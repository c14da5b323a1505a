/** The runtime `local-cloud`: the app, deployed to the local cloud, behind an HTTP API. */
import { join } from "node:path";
import { type Clients, createClients } from "../../../deploy/lambda/clients.ts";
import { createLockOwner } from "../../../deploy/lock-owner.ts";
import { createLambdaPlatform } from "../../../deploy/lambda/platform.ts";
import { readBuild } from "../../../deploy/lambda/build.ts";
import { release } from "../../../deploy/release.ts";
import { type Cloud, startCloud } from "../../../framework/cloud/cloud.ts";
import { createLambdaRuntime } from "../../../framework/emulation/lambda/runtime.ts";
import { build } from "../app-build.ts";
import { send } from "../raw-client.ts";
import type { RunningApp, Runtime, LoadedApp } from "../runtime.ts";
import { patient } from "../../emulation/lambda/patient.ts";

/** The runtime. */
export const localCloud: Runtime = {
  name: "local-cloud",
  start: (subject) => startLocalCloud(subject),
};

/**
 * Deploys an app to a local cloud of its own.
 * @param client the runtime client that functions run under: ours when absent
 */
export async function startLocalCloud(subject: LoadedApp, client?: readonly string[]): Promise<RunningApp> {
  const runtime = createLambdaRuntime({ ...patient, onLog: () => {}, ...(client && { client }) });
  const cloud = await startCloud({ folder: join(subject.folder, "cloud"), port: 0, runtime });
  const { origin } = new URL(await deploy(subject, cloud));
  return {
    origin,
    send: (ask) => send(origin, ask),
    close: async () => {
      await cloud.close();
      await runtime.close();
    },
  };
}

function deploy(subject: LoadedApp, { url, region, accessKeyId, secretAccessKey }: Cloud): Promise<string> {
  const clients = createClients({ endpoint: url, region, credentials: { accessKeyId, secretAccessKey } });
  return deployTo(subject, clients, "000000000000");
}

/** As `portico deploy` does; gives the live URL. */
export async function deployTo(subject: LoadedApp, clients: Clients, account: string): Promise<string> {
  const { out, manifest } = await build(subject, "lambda");
  const secretVersions = Object.fromEntries(manifest.app.secrets.map((name) => [name, 1]));
  const { name, stage, smoke, keep } = subject.app;
  const platform = createLambdaPlatform(subject.app.lambda.front, {
    clients,
    owner: { app: name, stage },
    account,
    keep,
    lockOwner: createLockOwner(join(subject.folder, ".portico"), "conformance"),
    source: {
      build: await readBuild(out),
      values: async () => ({ env: subject.env, secretVersions }),
    },
  });
  const quiet = { now: Date.now, onPlans: async () => {}, onProgress: () => {}, checkpoint: () => {} };
  const [released] = await release({ clouds: [platform], smoke, keep, ...quiet });
  return released?.live.url ?? "";
}
