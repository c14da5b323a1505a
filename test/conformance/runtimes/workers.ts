/** The runtime `workers`: the modules and assets of a build, as they are uploaded, in real workerd. */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Log, LogLevel, Miniflare } from "miniflare";
import { newestCompatibilityDate } from "../../../framework/emulation/workers/miniflare.ts";
import { compatibilityFlags } from "../../../framework/model/app.ts";
import type { BuiltAsset, WorkerModule } from "../../../framework/model/manifest.ts";
import { storeSchema } from "../../../framework/model/store-schema.ts";
import { build } from "../app-build.ts";
import { send } from "../raw-client.ts";
import type { Runtime } from "../runtime.ts";

/** The runtime. */
export const workers: Runtime = {
  name: "workers",
  async start(subject) {
    const { manifest, out } = await build(subject, "workers");
    const directory = join(subject.folder, "assets");
    const { assetServer } = manifest;
    if (!assetServer) throw new Error("a build for Workers says how its files are served");
    const { _headers, ...assetConfig } = assetServer.config;
    await writeAssets(subject.app.root, manifest.assets, directory);
    await writeFile(join(directory, "_headers"), _headers);
    const newest = newestCompatibilityDate();
    const { compatibilityDate } = subject.app.workers;
    const miniflare = new Miniflare({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      log: new Log(LogLevel.NONE),
      // A throwing case prints its stack; a test's output is no place for it.
      handleStructuredLogs: () => {},
      name: manifest.app.name,
      modulesRoot: out,
      modules: await Promise.all(
        (manifest.modules ?? []).filter(isCode).map(async ({ name, type }) => ({
          type: moduleTypes[type],
          path: join(out, name),
          contents: await readFile(join(out, name)),
        })),
      ),
      compatibilityDate: compatibilityDate > newest ? newest : compatibilityDate,
      compatibilityFlags: [...compatibilityFlags(subject.app.workers)],
      bindings: { ...subject.env, PORTICO_FILES_KEY: randomUUID() },
      d1Databases: ["PORTICO_STORE"],
      r2Buckets: ["PORTICO_FILES"],
      assets: {
        directory,
        binding: assetServer.binding,
        routerConfig: { has_user_worker: true },
        assetConfig,
      },
    });
    const { origin } = await miniflare.ready;
    const database = await miniflare.getD1Database("PORTICO_STORE");
    await database.batch(storeSchema.map((sql) => database.prepare(sql)));
    return { origin, send: (ask) => send(origin, ask), close: () => miniflare.dispose() };
  },
};

const moduleTypes = { esm: "ESModule", text: "Text", wasm: "CompiledWasm" } as const;

const isCode = (module: WorkerModule): module is WorkerModule & { type: keyof typeof moduleTypes } =>
  module.type !== "source-map";

/** Each file under its URL path, as the upload session takes them. */
async function writeAssets(root: string, assets: readonly BuiltAsset[], directory: string): Promise<void> {
  await mkdir(directory);
  for (const { path, file } of assets) {
    const to = join(directory, decodeURIComponent(path));
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, await readFile(join(root, file)));
  }
}
