/** One version of a Worker as it was uploaded, in a workerd of its own: modules, bindings and assets in, a running version out. */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Miniflare as MiniflareClass, MiniflareOptions } from "miniflare";
import { join } from "node:path";
import { watchCpu } from "./cpu-limit.ts";
import { queueBindings, queueWorker, type TakeMessages } from "./version-queues.ts";
import { type CallAddress, type Service, serviceBindings, type ServiceCalls, serviceWorker } from "./version-services.ts";
import { type Host, loadMiniflare, type WorkerdLine, withoutSignalHandlers } from "./miniflare.ts";

/** A module of the version. */
export interface VersionModule {
  readonly type: "ESModule" | "CommonJS" | "Text" | "Data" | "CompiledWasm";
  /** The specifier that other modules import it by: `chunks/a.js`. */
  readonly name: string;
  readonly contents: Uint8Array;
}

/** The version's own files. */
export interface VersionFiles {
  /** Holds each file under its decoded path, and `_headers` and `_redirects`. */
  readonly directory: string;
  readonly binding?: string;
  readonly html_handling?: string;
  readonly not_found_handling?: string;
  readonly run_worker_first?: boolean | readonly string[];
}

/** What to run. Records are keyed by binding name. */
export interface VersionOptions {
  readonly name: string;
  /** The main module first; empty for a Worker of assets alone. */
  readonly modules: readonly VersionModule[];
  /** Whether the main module has a default export. */
  readonly hasDefault: boolean;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  /** Texts and JSON, secrets too. */
  readonly values: Readonly<Record<string, unknown>>;
  /** URLs of a KV namespace, D1 database or R2 bucket in the storage's workerd, and names of queues. */
  readonly kv: Readonly<Record<string, URL>>;
  readonly d1: Readonly<Record<string, URL>>;
  readonly r2: Readonly<Record<string, URL>>;
  readonly queues: Readonly<Record<string, string>>;
  readonly takeMessages: TakeMessages;
  readonly rateLimits: Readonly<Record<string, { readonly namespace: string; readonly limit: number; readonly period: 10 | 60 }>>;
  readonly services: Readonly<Record<string, Service>>;
  readonly serviceCalls: ServiceCalls;
  /** An empty folder of its own, where workerd writes down how its methods are called from other processes; absent: they cannot be. */
  readonly callFolder?: string;
  readonly files?: VersionFiles;
  /** Milliseconds that it may compute without a sign of life; then it is closed. */
  readonly cpuMs: number;
  readonly onLine: (line: WorkerdLine) => void;
  /** Gets each invocation's trace items, as a tail Worker does. Each request costs a second one with it: 0.6 of the requests per second without. */
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

/** What a `queue` handler came to (workerd, api/queue.h). */
export interface QueueOutcome {
  readonly outcome: string;
  readonly ackAll: boolean;
  readonly retryBatch: { readonly retry: boolean; readonly delaySeconds?: number };
  readonly explicitAcks?: readonly string[];
  readonly retryMessages?: readonly { readonly msgId: string; readonly delaySeconds?: number }[];
}

/** A running version. */
export interface RunningVersion extends Host {
  /** Where its methods are called; absent unless it was started with a folder for that. */
  readonly calls?: CallAddress;
  /** To be called when a request begins; gives what to call at its end. */
  enter(): () => void;
  /** True once it was closed since it gave no sign of life. */
  exceededCpu(): boolean;
  /** Runs its `scheduled` handler. @param time epoch ms of the minute that it is for */
  scheduled(cron: string, time: number): Promise<{ readonly outcome: string }>;
  /** Runs its `queue` handler; one that is not there is an exception. */
  queue(name: string, messages: readonly QueuedMessage[]): Promise<QueueOutcome>;
}

/** A bundle's modules are named as if it lay there. */
const root = "/bundle";

/** Sends every trace on; its own name is not one that a script can have. */
const tailName = "portico_tail";
const tailScript = `export default { async tail(items, env) { await env.OUT.fetch("http://tail/", { method: "POST", body: JSON.stringify(items) }); } };`;
const emptyScript = `export default { fetch: () => new Response("Not Found", { status: 404 }) };`;

/** Starts it and waits until it takes requests. Rejects with UserError MINIFLARE_MISSING, or with miniflare's error when workerd refuses the code. */
export async function startVersion(options: VersionOptions): Promise<RunningVersion> {
  const { Log, LogLevel, Miniflare, Response: AnswerOf } = await loadMiniflare();
  const shared = {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.NONE),
    ...(options.callFolder !== undefined && { unsafeDevRegistryPath: options.callFolder }),
    // In braces: a handler that returns anything ends the process.
    handleStructuredLogs: ({ level, message }: WorkerdLine) => {
      options.onLine({ level, message });
    },
  };
  const answer = (text = "", status = 200): unknown => new AnswerOf(text, { status });
  const workers = [
    workerOf(options, await withCap(options)),
    ...(options.onTrace ? [tailWorker(options.onTrace, answer)] : []),
    ...(Object.keys(options.queues).length > 0 ? [queueWorker(options.takeMessages)] : []),
    ...(Object.keys(options.services).length > 0 ? [await serviceWorker(options.serviceCalls, answer)] : []),
  ];
  const miniflare = withoutSignalHandlers(() => new Miniflare({ ...shared, workers } as MiniflareOptions));
  return running(miniflare, options);
}

/** What runs: the version's modules, and before its main module the cap that Cloudflare has and workerd has not. */
async function withCap({ modules, hasDefault }: VersionOptions): Promise<readonly VersionModule[]> {
  const [main] = modules;
  if (!main) return [{ type: "ESModule", name: "index.js", contents: Buffer.from(emptyScript) }];
  const cap = await readFile(new URL("pbkdf2-cap.mjs", import.meta.url), "utf8");
  const derives = modules.some(({ contents }) => Buffer.from(contents).includes("pbkdf2"));
  // No part of an upload can have these names: they are made anew for each start.
  const [entry, first] = [`portico-${randomUUID()}.js`, `portico-${randomUUID()}.js`];
  const from = JSON.stringify(`./${main.name}`);
  const text = `import "./${first}";\nexport * from ${from};\n${hasDefault ? `export { default } from ${from};\n` : ""}`;
  return [
    { type: "ESModule", name: entry, contents: Buffer.from(text) },
    { type: "ESModule", name: first, contents: Buffer.from(cap.replaceAll("PORTICO_DERIVES_KEYS", String(derives))) },
    ...modules,
  ];
}

function tailWorker(onTrace: NonNullable<VersionOptions["onTrace"]>, answer: () => unknown): object {
  const take = async (request: { text(): Promise<string> }): Promise<unknown> => {
    onTrace(JSON.parse(await request.text()) as Readonly<Record<string, unknown>>[]);
    return answer();
  };
  return {
    name: tailName,
    modules: [{ type: "ESModule", path: "tail.mjs", contents: tailScript }],
    compatibilityDate: "2026-07-01",
    serviceBindings: { OUT: take },
  };
}

/** As miniflare writes it down for other dev servers (src/shared/dev-registry.ts). */
async function readCallAddress(folder: string, name: string): Promise<CallAddress> {
  const entry = JSON.parse(await readFile(join(folder, name), "utf8")) as Readonly<Record<string, string>>;
  const { debugPortAddress: address = "", defaultEntrypointService: defaultService = "", userWorkerService: namedService = "" } = entry;
  return { address, defaultService, namedService };
}

async function running(miniflare: MiniflareClass, { name, cpuMs, onLine, callFolder }: VersionOptions): Promise<RunningVersion> {
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
      // Miniflare's own entry answers it: no Worker has this name.
      ping: async () => void (await (await fetch(entry, { headers: { "mf-route-override": "#none" } })).arrayBuffer()),
      limitMs: cpuMs,
      onExceeded: () => {
        exceeded = true;
        onLine({ level: "error", message: `Exceeded CPU Limit: no sign of life for ${cpuMs / 1000} s; its requests get error 1102` });
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
        return (worker as unknown as { queue(name: string, list: readonly QueuedMessage[]): Promise<QueueOutcome> }).queue(queue, messages);
      },
    };
  } catch (error) {
    // Without it the failed start keeps the process alive.
    await miniflare.dispose();
    throw error;
  }
}

function workerOf(options: VersionOptions, modules: readonly VersionModule[]): object {
  const { files, rateLimits } = options;
  const code = modules.map(({ type, name, contents }) => ({ type, path: `${root}/${name}`, contents }));
  const remote = (urls: Readonly<Record<string, URL>>): object =>
    Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, { id: name, remoteProxyConnectionString: url }]));
  const limits = Object.entries(rateLimits).map(([name, { namespace, limit, period }]) => [
    name,
    { namespace_id: namespace, simple: { limit, period } },
  ]);
  return {
    name: options.name,
    modulesRoot: root,
    modules: code,
    compatibilityDate: options.compatibilityDate,
    compatibilityFlags: [...options.compatibilityFlags],
    bindings: { ...options.values },
    kvNamespaces: remote(options.kv),
    d1Databases: remote(options.d1),
    r2Buckets: remote(options.r2),
    unsafeBindings: queueBindings(options.queues),
    ratelimits: Object.fromEntries(limits) as object,
    serviceBindings: serviceBindings(options.services),
    ...(options.onTrace && { tails: [tailName] }),
    // It takes whole URLs, as a proxy does: what a Worker asks another at https:// stays so.
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0, proxy: true }],
    ...(files && { assets: assetsOf(files, options.modules.length > 0) }),
  };
}

/** As wrangler hands a Worker's assets to miniflare. */
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
