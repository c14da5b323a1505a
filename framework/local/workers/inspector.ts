/** The startup check of an upload: a version's modules in, its handlers or workerd's own words against it out. */
import { randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type Host, newestCompatibilityDate, startHost } from "./miniflare.ts";
import type { VersionModule } from "./miniflare-version.ts";

/** What uploaded code exports. */
export interface Inspection {
  readonly hasDefault: boolean;
  /** Of the default export. */
  readonly handlers: readonly string[];
  readonly named: readonly { readonly name: string; readonly handlers: readonly string[] }[];
  readonly startupMs: number;
}

/** Code as it is about to become a version. */
export interface InspectedCode {
  readonly main: string;
  readonly modules: readonly VersionModule[];
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly env: Readonly<Record<string, unknown>>;
}

type Answer = Inspection | { readonly error: string };

const tooSlow = { error: "Script startup exceeded CPU time limit." };

/** Held open: one workerd for all uploads. */
export interface Inspector {
  /** Rejects with UserError MINIFLARE_MISSING. */
  inspect(code: InspectedCode): Promise<Answer>;
  close(): Promise<void>;
}

/** Milliseconds after which code that does not finish starting is given up. */
const patience = 10_000;

/** Cloudflare's limit is a second of CPU time (limits page). Here it is one of waiting, which other processes lengthen: so the best of three counts. */
const maxStartup = 1000;
const attempts = 3;

const read = (file: string): Promise<string> => readFile(new URL(file, import.meta.url), "utf8");

/** Nothing is started before the first upload. */
export function createInspector(): Inspector {
  const token = randomBytes(24).toString("hex");
  const codes = new Map<string, string>();
  let host: Promise<Host> | undefined;
  const start = async (): Promise<Host> =>
    startHost({
      script: await read("inspector-worker.mjs"),
      bindings: { TOKEN: token },
      source: async (path) => codes.get(path.slice(1)) ?? "",
      // What it prints while it starts, it prints again when it runs.
      onLine: () => undefined,
    });
  const stop = async (): Promise<void> => {
    const running = host;
    host = undefined;
    await (await running?.catch(() => undefined))?.close();
  };
  const attempt = async (text: string): Promise<Answer> => {
    host ??= start();
    // A start that failed is tried again by the next upload.
    host.catch(() => (host = undefined));
    const { port } = await host;
    const key = randomUUID();
    codes.set(key, text);
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/${token}/${key}`, { signal: AbortSignal.timeout(patience) });
      return (await answer.json()) as Answer;
    } catch (error) {
      if ((error as Error).name !== "TimeoutError") throw error;
      await stop();
      return tooSlow;
    } finally {
      codes.delete(key);
    }
  };
  return {
    async inspect(code) {
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

async function toWorkerCode({ main, modules, compatibilityDate, compatibilityFlags, env }: InspectedCode): Promise<object> {
  const text = (contents: Uint8Array): string => Buffer.from(contents).toString("utf8");
  const base64 = (contents: Uint8Array): string => Buffer.from(contents).toString("base64");
  const toModule = ({ type, contents }: VersionModule): object => {
    if (type === "CompiledWasm") return { wasmBase64: base64(contents) };
    if (type === "Data") return { dataBase64: base64(contents) };
    if (type === "Text") return { text: text(contents) };
    return type === "CommonJS" ? { cjs: text(contents) } : { js: text(contents) };
  };
  // No part of an upload can have these names: they are made anew for each.
  const [entry, around] = [`portico-${randomUUID()}.js`, `portico-${randomUUID()}.js`];
  return {
    compatibilityDate,
    compatibilityFlags,
    mainModule: entry,
    modules: {
      [entry]: { js: `import * as main from "./${main}";\nimport { inspect } from "./${around}";\nexport default inspect(main);\n` },
      [around]: { js: await read("inspector-main.mjs") },
      ...Object.fromEntries(modules.map((module) => [module.name, toModule(module)])),
    },
    env,
  };
}

/** What workerd is told: no date that it does not know yet, and `nodejs_compat` where newer dates bring it by themselves (since 2026-08-04). */
export function runnable(
  date: string,
  flags: readonly string[],
): { readonly compatibilityDate: string; readonly compatibilityFlags: readonly string[] } {
  const newest = newestCompatibilityDate();
  const asked = flags.some((flag) => flag === "nodejs_compat" || flag === "no_nodejs_compat" || flag === "nodejs_compat_v2");
  const compatibilityFlags = date >= "2026-08-04" && !asked ? [...flags, "nodejs_compat"] : flags;
  return { compatibilityDate: date > newest ? newest : date, compatibilityFlags };
}
