/** Starts a Worker on this machine before its upload, to find startup errors that Cloudflare would refuse it for. */
import type { WorkersBuild } from "../../deploy/workers/build.ts";
import {
  createUploadCheck,
  localCompatibility,
  maxStartupMs,
  type UploadCheck,
} from "../emulation/workers/upload-check.ts";
import type { VersionModule } from "../emulation/workers/miniflare-version.ts";
import { type App, compatibilityFlags } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";

const types: Readonly<Record<string, VersionModule["type"] | undefined>> = {
  "application/javascript+module": "ESModule",
  "text/plain": "Text",
  "application/wasm": "CompiledWasm",
};

/**
 * Throws UserError WORKER_START, STARTUP_SLOW. Only warns where workerd is not installed.
 * @param uploadCheck is closed at the end
 */
export async function checkStartup(
  build: WorkersBuild,
  app: App,
  warn: (text: string) => void,
  uploadCheck: UploadCheck = createUploadCheck(),
): Promise<void> {
  try {
    await start(uploadCheck, build, app);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== "MINIFLARE_MISSING") throw error;
    warn(`the startup time of the Worker was not checked: ${error.fix}`);
  } finally {
    await uploadCheck.close();
  }
}

async function start(
  uploadCheck: UploadCheck,
  { manifest, modules, parts }: WorkersBuild,
  { env }: App,
): Promise<void> {
  const { workers } = manifest.app;
  const code = (await parts()).flatMap(({ name, type, bytes }): readonly VersionModule[] => {
    const kind = types[type];
    return kind ? [{ type: kind, name, contents: bytes }] : [];
  });
  const main = modules[0]?.name ?? "";
  const found = await uploadCheck.check({
    main,
    modules: code,
    ...localCompatibility(workers.compatibilityDate, compatibilityFlags(workers)),
    env,
  });
  if (!("error" in found)) return;
  if (found.isSlow)
    throw new UserError(
      "STARTUP_SLOW",
      `the Worker takes more than ${maxStartupMs} ms of CPU time to start, which is Cloudflare's limit`,
      "Move work from module scope into handlers, or import large modules dynamically; " +
        "portico routes lists the bytes of each route.",
    );
  throw new UserError(
    "WORKER_START",
    `the Worker does not start: ${found.error.replace(/^Failed to start Worker:\n/, "").trim()}`,
    "Run portico dev --target workers to see the same error; " +
      "code that runs while modules load cannot fetch, wait or generate random numbers.",
  );
}
