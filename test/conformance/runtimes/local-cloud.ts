/** The local cloud after a deploy: the zips, uploaded by the release code through the AWS SDK, behind an HTTP API. */
import { join } from "node:path";
import { type Clients, createClients } from "../../../deploy/lambda/clients.ts";
import { createHolder } from "../../../deploy/holder.ts";
import { createAwsPlatform } from "../../../deploy/lambda/front.ts";
import { readBuild } from "../../../deploy/lambda/read-build.ts";
import { release } from "../../../deploy/release.ts";
import { zip } from "../../../framework/build/zip.ts";
import { type Cloud, startCloud } from "../../../framework/local/cloud/cloud.ts";
import { createLambdaRuntime } from "../../../framework/local/lambda/runtime.ts";
import { build } from "../build.ts";
import { send } from "../client.ts";
import type { Running, Runtime, Subject } from "../runtime.ts";

/** The runtime. */
export const localCloud: Runtime = { name: "local-cloud", start: (subject) => startLocalCloud(subject) };

/**
 * Deploys an app to a local cloud of its own.
 * @param client the runtime client that functions run under: ours when absent
 */
export async function startLocalCloud(subject: Subject, client?: readonly string[]): Promise<Running> {
  const runtime = createLambdaRuntime({ onLog: () => {}, ...(client && { client }) });
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

function deploy(subject: Subject, { url, region, accessKeyId, secretAccessKey }: Cloud): Promise<string> {
  const clients = createClients({ endpoint: url, region, credentials: { accessKeyId, secretAccessKey } });
  return deployTo(subject, clients, "000000000000");
}

/** As `portico deploy` does; gives the live URL. */
export async function deployTo(subject: Subject, clients: Clients, account: string): Promise<string> {
  const { out, manifest } = await build(subject, "lambda");
  const secretVersions = Object.fromEntries(manifest.app.secrets.map((name) => [name, 1]));
  const { name, stage, smoke, keep } = subject.app;
  const platform = createAwsPlatform(subject.app.lambda.front, {
    clients,
    owner: { app: name, stage },
    account,
    keep,
    holder: createHolder(join(subject.folder, ".portico"), "conformance"),
    source: {
      build: await readBuild(out),
      values: async () => ({ env: subject.env, secretVersions }),
      archive: { read: () => new Map(), write: zip },
    },
  });
  const quiet = { now: Date.now, onPlans: async () => {}, onProgress: () => {}, checkpoint: () => {} };
  const [released] = await release({ clouds: [platform], smoke, keep, ...quiet });
  return released?.live.url ?? "";
}
