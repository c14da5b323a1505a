/** One uploaded version of a Worker, running in a workerd process of its own. */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Miniflare as MiniflareClass, MiniflareOptions } from "miniflare";
import { join } from "node:path";
import { watchCpu } from "./cpu-limit.ts";
import type { CallAddress } from "./service-bindings.ts";
import { type Host, loadMiniflare, type WorkerdLine, withoutSignalHandlers } from "./miniflare.ts";
import { bindingOptions, bindingWorkers, type WorkerBindings } from "./worker-bindings.ts";

/** A module of the version. */
export interface VersionModule {
  readonly type: "ESModule" | "CommonJS" | "Text" | "Data" | "CompiledWasm";
  /** The specifier that other modules import it by: `chunks/a.js`. */
  readonly name: string;
  readonly contents: Uint8Array;
}

/** The version's static files. */
export interface VersionFiles {
  /** Contains each file under its decoded path, and `_headers` and `_redirects`. */
  readonly directory: string;
  readonly binding?: string;
  readonly html_handling?: string;
  readonly not_found_handling?: string;
  readonly run_worker_first?: boolean | readonly string[];
}

/** What to run. Records are keyed by binding name. */
export interface VersionOptions extends WorkerBindings {
  readonly name: string;
  /** The main module first; empty for a Worker that has only assets. */
  readonly modules: readonly VersionModule[];
  /** Whether the main module has a default export. */
  readonly hasDefault: boolean;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  /**
   * An empty folder of its own, where miniflare writes how other processes call its methods. Without it they cannot
   * call them.
   */
  readonly callFolder?: string;
  readonly files?: VersionFiles;
  /** Milliseconds that it may compute without a pause; then it is closed. */
  readonly cpuMs: number;
  readonly onLine: (line: WorkerdLine) => void;
  /**
   * Gets each invocation's trace items, as a tail Worker does. It costs a second request for each: 0.6 times as many
   * requests per second.
   */
  readonly onTrace?: (items: readonly Readonly<Record<string, unknown>>[]) => void;
}

/** A message as its consumer gets it. */
export interface QueuedMessage {
  readonly id: string;
  readonly timestamp: Date;
  /** 1 is the first. */
  readonly attempts: number;
  readonly body?: unknown;
  /** In workerd's own serialisation, in place of `body`. */
  readonly serializedBody?: ArrayBufferLike;
}

/** The result of a `queue` handler (workerd, api/queue.h). */
export interface QueueOutcome {
  readonly outcome: string;
  readonly ackAll: boolean;
  readonly retryBatch: { readonly retry: boolean; readonly delaySeconds?: number };
  readonly explicitAcks?: readonly string[];
  readonly retryMessages?: readonly { readonly msgId: string; readonly delaySeconds?: number }[];
}

/** A running version. */
export interface RunningVersion extends Host {
  /** The address of its methods; absent unless it was started with a `callFolder`. */
  readonly calls?: CallAddress;
  /** Registers a request; the returned function ends it. */
  enter(): () => void;
  /** True once it was closed because it stopped responding. */
  exceededCpu(): boolean;
  /** Runs its `scheduled` handler. @param time epoch ms of the scheduled minute */
  scheduled(cron: string, time: number): Promise<{ readonly outcome: string }>;
  /** Runs its `queue` handler; a missing one counts as an exception. */
  queue(name: string, messages: readonly QueuedMessage[]): Promise<QueueOutcome>;
}

/** The virtual folder of a version's modules. */
const root = "/bundle";

/** Forwards every trace. Not a valid script name, so that no script has it. */
const tailName = "portico_tail";
const tailScript = `export default {
  async tail(items, env) {
    await env.OUT.fetch("http://tail/", { method: "POST", body: JSON.stringify(items) });
  },
};`;
const emptyScript = `export default { fetch: () => new Response("Not Found", { status: 404 }) };`;

/**
 * Starts it and waits until it accepts requests. Rejects with UserError MINIFLARE_MISSING, or with miniflare's error
 * when workerd refuses the code.
 */
export async function startVersion(options: VersionOptions): Promise<RunningVersion> {
  const { Log, LogLevel, Miniflare, Response: MiniflareResponse } = await loadMiniflare();
  const shared = {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.NONE),
    ...(options.callFolder !== undefined && { unsafeDevRegistryPath: options.callFolder }),
    // A handler that returns a value ends the process.
    handleStructuredLogs: ({ level, message }: WorkerdLine) => {
      options.onLine({ level, message });
    },
  };
  const respond = (text = "", status = 200): unknown => new MiniflareResponse(text, { status });
  const workers = [
    workerOf(options, await withCap(options)),
    ...(options.onTrace ? [tailWorker(options.onTrace, respond)] : []),
    ...(await bindingWorkers(options, respond)),
  ];
  const miniflare = withoutSignalHandlers(() => new Miniflare({ ...shared, workers } as MiniflareOptions));
  return running(miniflare, options);
}

/** The version's modules, with an entry that first loads the PBKDF2 limit, which workerd does not have. */
async function withCap({ modules, hasDefault }: VersionOptions): Promise<readonly VersionModule[]> {
  const [main] = modules;
  if (!main) return [{ type: "ESModule", name: "index.js", contents: Buffer.from(emptyScript) }];
  const cap = await readFile(new URL("pbkdf2-cap.mjs", import.meta.url), "utf8");
  const derives = modules.some(({ contents }) => Buffer.from(contents).includes("pbkdf2"));
  // Random names, so that no module of the upload has them.
  const [entry, first] = [`portico-${randomUUID()}.js`, `portico-${randomUUID()}.js`];
  const from = JSON.stringify(`./${main.name}`);
  const exported = `export * from ${from};\n${hasDefault ? `export { default } from ${from};\n` : ""}`;
  const text = `import "./${first}";\n${exported}`;
  return [
    { type: "ESModule", name: entry, contents: Buffer.from(text) },
    { type: "ESModule", name: first, contents: Buffer.from(cap.replaceAll("PORTICO_DERIVES_KEYS", String(derives))) },
    ...modules,
  ];
}

function tailWorker(onTrace: NonNullable<VersionOptions["onTrace"]>, respond: () => unknown): object {
  const take = async (request: { text(): Promise<string> }): Promise<unknown> => {
    onTrace(JSON.parse(await request.text()) as Readonly<Record<string, unknown>>[]);
    return respond();
  };
  return {
    name: tailName,
    modules: [{ type: "ESModule", path: "tail.mjs", contents: tailScript }],
    compatibilityDate: "2026-07-01",
    serviceBindings: { OUT: take },
  };
}

/** Reads the entry that miniflare writes for other dev servers (src/shared/dev-registry.ts). */
async function readCallAddress(folder: string, name: string): Promise<CallAddress> {
  const entry = JSON.parse(await readFile(join(folder, name), "utf8")) as Readonly<Record<string, string>>;
  const {
    debugPortAddress: address = "",
    defaultEntrypointService: defaultService = "",
    userWorkerService: namedService = "",
  } = entry;
  return { address, defaultService, namedService };
}

async function running(
  miniflare: MiniflareClass,
  { name, cpuMs, onLine, callFolder }: VersionOptions,
): Promise<RunningVersion> {
  try {
    const entry = await miniflare.ready;
    const { port } = await miniflare.unsafeGetDirectURL(name);
    let closed: Promise<void> | undefined;
    let exceeded = false;
    const close = (): Promise<void> => {
      watch.close();
      return (closed ??= miniflare.dispose());
    };
    const watch = watchCpu({
      // miniflare's entry Worker responds, since no Worker has this name.
      ping: async () => void (await (await fetch(entry, { headers: { "mf-route-override": "#none" } })).arrayBuffer()),
      limitMs: cpuMs,
      onExceeded: () => {
        exceeded = true;
        onLine({
          level: "error",
          message: `Exceeded CPU Limit: no response for ${cpuMs / 1000} s; its requests get error 1102`,
        });
        close().catch(() => undefined);
      },
    });
    return {
      port: Number(port),
      ...(callFolder !== undefined && { calls: await readCallAddress(callFolder, name) }),
      close,
      enter: () => watch.enter(),
      exceededCpu: () => exceeded,
      async scheduled(cron, time) {
        const worker = await miniflare.getWorker(name);
        return worker.scheduled({ cron, scheduledTime: new Date(time) });
      },
      async queue(queue, messages) {
        const worker = await miniflare.getWorker(name);
        return (
          worker as unknown as { queue(name: string, list: readonly QueuedMessage[]): Promise<QueueOutcome> }
        ).queue(queue, messages);
      },
    };
  } catch (error) {
    // Otherwise the failed start keeps the process alive.
    await miniflare.dispose();
    throw error;
  }
}

function workerOf(options: VersionOptions, modules: readonly VersionModule[]): object {
  const { files } = options;
  const code = modules.map(({ type, name, contents }) => ({ type, path: `${root}/${name}`, contents }));
  return {
    name: options.name,
    modulesRoot: root,
    modules: code,
    compatibilityDate: options.compatibilityDate,
    compatibilityFlags: [...options.compatibilityFlags],
    ...bindingOptions(options),
    ...(options.onTrace && { tails: [tailName] }),
    // A proxy socket accepts absolute URLs, so that the scheme of a request between Workers is kept.
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0, proxy: true }],
    ...(files && { assets: assetsOf(files, options.modules.length > 0) }),
  };
}

/** The asset options, as wrangler gives them to miniflare. */
function assetsOf(files: VersionFiles, hasWorker: boolean): object {
  const { run_worker_first: first = false, html_handling, not_found_handling } = files;
  const rules = Array.isArray(first) ? (first as readonly string[]) : undefined;
  return {
    directory: files.directory,
    ...(files.binding !== undefined && { binding: files.binding }),
    routerConfig: {
      has_user_worker: hasWorker,
      ...(first === true && { invoke_user_worker_ahead_of_assets: true }),
      ...(rules && {
        static_routing: {
          user_worker: rules.filter((rule) => !rule.startsWith("!")),
          asset_worker: rules.filter((rule) => rule.startsWith("!")).map((rule) => rule.slice(1)),
        },
      }),
    },
    assetConfig: {
      ...(html_handling !== undefined && { html_handling }),
      ...(not_found_handling !== undefined && { not_found_handling }),
    },
  };
}
