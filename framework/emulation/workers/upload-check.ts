/** The startup check of an upload: starts a version's modules in workerd and reads its handlers or its error. */
import { randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { childCpuMs } from "./child-cpu-time.ts";
import { type Host, newestCompatibilityDate, startLoader } from "./miniflare.ts";
import type { VersionModule } from "./miniflare-version.ts";

/** The exports of uploaded code. */
export interface CodeExports {
  readonly hasDefault: boolean;
  /** Handlers of the default export. */
  readonly handlers: readonly string[];
  readonly named: readonly { readonly name: string; readonly handlers: readonly string[] }[];
  /** Milliseconds of CPU time on Linux, else of elapsed time. */
  readonly startupMs: number;
}

/** The code of a future version. */
export interface UploadedCode {
  readonly main: string;
  readonly modules: readonly VersionModule[];
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly env: Readonly<Record<string, unknown>>;
}

/** The exports, or workerd's own error text; `isSlow` where it starts, and takes longer than Cloudflare allows. */
type CheckResult = CodeExports | { readonly error: string; readonly isSlow?: true };

const tooSlow = { error: "Script startup exceeded CPU time limit.", isSlow: true } as const;

/** Held open: one workerd checks all uploads. */
export interface UploadCheck {
  /** Rejects with UserError MINIFLARE_MISSING. */
  check(code: UploadedCode): Promise<CheckResult>;
  close(): Promise<void>;
}

/** Milliseconds after which the check of code that is still starting is aborted. */
const timeoutMs = 30_000;

/**
 * Cloudflare's limit is one second of CPU time (Workers documentation, "Limits"). Without /proc elapsed time counts,
 * which other processes lengthen, so the best of three attempts decides.
 */
export const maxStartupMs = 1000;
const attempts = 3;

const read = (file: string): Promise<string> => readFile(new URL(file, import.meta.url), "utf8");

/**
 * Starts workerd at the first upload.
 * @param maxStartup in milliseconds
 */
export function createUploadCheck(maxStartup = maxStartupMs): UploadCheck {
  const token = randomBytes(24).toString("hex");
  const codes = new Map<string, string>();
  let host: Promise<Host> | undefined;
  const start = async (): Promise<Host> =>
    startLoader({
      script: await read("upload-check-worker.mjs"),
      token,
      source: async (path) => codes.get(path.slice(1)) ?? "",
    });
  const stop = async (): Promise<void> => {
    const running = host;
    host = undefined;
    await (await running?.catch(() => undefined))?.close();
  };
  const attempt = async (text: string): Promise<CheckResult> => {
    host ??= start();
    // The next upload retries a failed start.
    host.catch(() => (host = undefined));
    const { port } = await host;
    const key = randomUUID();
    codes.set(key, text);
    try {
      const before = childCpuMs();
      const response = await fetch(`http://127.0.0.1:${port}/${token}/${key}`, {
        signal: AbortSignal.timeout(timeoutMs),
      });
      const found = (await response.json()) as CheckResult;
      const after = childCpuMs();
      if ("error" in found || before === undefined || after === undefined) return found;
      return { ...found, startupMs: Math.min(found.startupMs, after - before) };
    } catch (error) {
      if ((error as Error).name !== "TimeoutError") throw error;
      await stop();
      return tooSlow;
    } finally {
      codes.delete(key);
    }
  };
  return {
    async check(code) {
      const text = JSON.stringify(await toWorkerCode(code));
      for (let left = attempts; left > 0; left -= 1) {
        const found = await attempt(text);
        if ("error" in found || found.startupMs <= maxStartup) return found;
      }
      return tooSlow;
    },
    close: stop,
  };
}

async function toWorkerCode({
  main,
  modules,
  compatibilityDate,
  compatibilityFlags,
  env,
}: UploadedCode): Promise<object> {
  const text = (contents: Uint8Array): string => Buffer.from(contents).toString("utf8");
  const base64 = (contents: Uint8Array): string => Buffer.from(contents).toString("base64");
  const toModule = ({ type, contents }: VersionModule): object => {
    if (type === "CompiledWasm") return { wasmBase64: base64(contents) };
    if (type === "Data") return { dataBase64: base64(contents) };
    if (type === "Text") return { text: text(contents) };
    return type === "CommonJS" ? { cjs: text(contents) } : { js: text(contents) };
  };
  // Random names, so that no module of the upload has them.
  const [entry, inspector] = [`portico-${randomUUID()}.js`, `portico-${randomUUID()}.js`];
  return {
    compatibilityDate,
    compatibilityFlags,
    mainModule: entry,
    modules: {
      [entry]: {
        js: [
          `import * as main from "./${main}";`,
          `import { handlersWorker } from "./${inspector}";`,
          "export default handlersWorker(main);\n",
        ].join("\n"),
      },
      [inspector]: { js: await read("upload-check-main.mjs") },
      ...Object.fromEntries(modules.map((module) => [module.name, toModule(module)])),
    },
    env,
  };
}

/**
 * The date and flags for the local workerd: a date that it supports, and `nodejs_compat` where newer dates imply it
 * (since 2026-08-04).
 */
export function localCompatibility(
  date: string,
  flags: readonly string[],
): { readonly compatibilityDate: string; readonly compatibilityFlags: readonly string[] } {
  const newest = newestCompatibilityDate();
  const isExplicit = flags.some(
    (flag) => flag === "nodejs_compat" || flag === "no_nodejs_compat" || flag === "nodejs_compat_v2",
  );
  const compatibilityFlags = date >= "2026-08-04" && !isExplicit ? [...flags, "nodejs_compat"] : flags;
  return { compatibilityDate: date > newest ? newest : date, compatibilityFlags };
}
