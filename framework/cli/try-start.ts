/** Starts a Worker on this machine before it is uploaded: a build and its env in, nothing out, or what Cloudflare would refuse. */
import type { WorkersBuild } from "../../deploy/workers/read-build.ts";
import { createInspector, type Inspector, runnable } from "../local/workers/inspector.ts";
import type { VersionModule } from "../local/workers/miniflare-version.ts";
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import type { Reporter } from "./reporter.ts";

/** Milliseconds (docs: Workers limits, "Worker startup time"; theirs is of CPU, ours of a clock on a machine that has other work). */
const limit = 1_000;

/** How often a slow start is tried again. */
const tries = 3;

const types: Readonly<Record<string, VersionModule["type"] | undefined>> = {
  "application/javascript+module": "ESModule",
  "text/plain": "Text",
  "application/wasm": "CompiledWasm",
};

/** Throws UserError WORKER_START, STARTUP_SLOW. Without the local workerd it says so, and Cloudflare's own check is left. */
export async function tryStart(build: WorkersBuild, app: App, reporter: Reporter): Promise<void> {
  const inspector = createInspector();
  try {
    let best = Infinity;
    for (let at = 0; at < tries && best > limit; at++) best = Math.min(best, await startOnce(inspector, build, app));
    if (best <= limit) return;
    throw new UserError(
      "STARTUP_SLOW",
      `the Worker takes ${best} ms to start on this machine; Cloudflare gives it ${limit} ms`,
      "do less while modules load: work in handlers, or import later what is seldom needed; portico routes shows what each route weighs",
    );
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== "MINIFLARE_MISSING") throw error;
    reporter.warn(`whether the Worker starts in time was not tried here: ${error.fix}`);
  } finally {
    await inspector.close();
  }
}

async function startOnce(inspector: Inspector, { manifest, modules, parts }: WorkersBuild, { env }: App): Promise<number> {
  const { compatibilityDate } = manifest.app.workers;
  const code = (await parts()).flatMap(({ name, type, bytes }): readonly VersionModule[] => {
    const kind = types[type];
    return kind ? [{ type: kind, name, contents: bytes }] : [];
  });
  const main = modules[0]?.name ?? "";
  const found = await inspector.inspect({ main, modules: code, ...runnable(compatibilityDate, ["nodejs_compat"]), env });
  if (!("error" in found)) return found.startupMs;
  throw new UserError(
    "WORKER_START",
    `the Worker does not start: ${found.error.replace(/^Failed to start Worker:\n/, "").trim()}`,
    "portico dev --target workers shows the same; what runs while modules load cannot fetch, wait or make random numbers",
  );
}
