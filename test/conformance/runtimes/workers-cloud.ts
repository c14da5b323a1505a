/** The runtime `workers-cloud`: the app, deployed to the local Cloudflare. */
import { join } from "node:path";
import { createClient } from "../../../deploy/workers/client.ts";
import { createWorkersPlatform } from "../../../deploy/workers/platform.ts";
import { readBuild } from "../../../deploy/workers/build.ts";
import { release } from "../../../deploy/release.ts";
import { type Cloud, startCloud } from "../../../framework/cloud/cloud.ts";
import { build } from "../app-build.ts";
import { send } from "../raw-client.ts";
import type { Runtime, LoadedApp } from "../runtime.ts";

/** The runtime. */
export const workersCloud: Runtime = {
  name: "workers-cloud",
  async start(subject) {
    const runtime = {
      invoke: () => Promise.reject(new Error("no Lambda here")),
      retire: () => undefined,
      close: () => Promise.resolve(),
    };
    const cloud = await startCloud({ folder: join(subject.folder, "cloud"), port: 0, runtime });
    const { origin } = new URL(await deploy(subject, cloud));
    return { origin, send: (ask) => send(origin, ask), close: () => cloud.close() };
  },
};

/** As `portico deploy --stage local --target workers` does; returns the live URL. */
async function deploy(subject: LoadedApp, { url, secretAccessKey }: Cloud): Promise<string> {
  const { out, manifest } = await build(subject, "workers");
  const { name, stage, smoke, keep, root } = subject.app;
  const isSecret = ([variable]: readonly [string, string]): boolean => manifest.app.secrets.includes(variable);
  const all = Object.entries(subject.env);
  const values = Object.fromEntries(all.filter(isSecret));
  const versions = Object.fromEntries(manifest.app.secrets.map((secret) => [secret, 1]));
  const platform = createWorkersPlatform({
    client: createClient({ endpoint: `${url}/client/v4`, account: "0".repeat(32), token: secretAccessKey }),
    owner: { app: name, stage },
    keep,
    source: {
      build: await readBuild(out, root),
      values: async () => ({
        env: Object.fromEntries(all.filter((one) => !isSecret(one))),
        secrets: { values, versions },
      }),
    },
  });
  const quiet = { now: Date.now, onPlans: async () => {}, onProgress: () => {}, checkpoint: () => {} };
  const [released] = await release({ clouds: [platform], smoke, keep, ...quiet });
  return released?.live.url ?? "";
}
